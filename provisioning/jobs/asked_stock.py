"""Seeds that come in or go out, stations and profiles: what a second person may have to allow of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from provisioning.jobs.asked import Asked
from provisioning.rules.approval import AskedJob
from provisioning.services import Services

if TYPE_CHECKING:
    from provisioning.jobs.import_pskc import ImportPskcCommand, ImportView
    from provisioning.jobs.invite_station import InviteStationCommand


def incoming_seeds(command: ImportPskcCommand, view: ImportView) -> Asked:
    """The file by its SHA-256: the approver allows this one, and no other."""
    digest = sha256(command.data).hexdigest()
    facts = {
        "branch": command.branch,
        "count": view.count,
        "first": view.first,
        "last": view.last,
        "makers": sorted({maker for maker, _, _ in view.keys}),
        "file_sha256": digest,
    }
    subject = f"file {digest} {command.branch}"
    return Asked(AskedJob.IMPORT_PSKC, subject, command.branch, {"branch": command.branch}, facts)


def outgoing_seeds(serials: Sequence[tuple[str, str]]) -> Asked:
    """All that are free now, by maker and serial number; of the institution as a whole."""
    digest = sha256("\n".join(f"{maker} {serial}" for maker, serial in serials).encode()).hexdigest()
    facts = {"count": len(serials), "first": serials[0][1], "last": serials[-1][1], "serials_sha256": digest}
    return Asked(AskedJob.EXPORT_PSKC, f"seeds {digest}", None, {}, facts)


def new_station(tx: Session, services: Services, command: InviteStationCommand) -> Asked:
    """A workstation by name and branch; its one-time code is shown to the maker alone, and later."""
    name = command.name.strip()
    told = {"station": name, "branch": command.branch}
    subject = f"station {sha256(f'{command.branch}/{name}'.encode()).hexdigest()}"
    return Asked(AskedJob.ENROL_STATION, subject, command.branch, told, told)


def changed_profile(institution_id: str, text_hash: bytes, changes: Iterable[tuple[str, str, str]]) -> Asked:
    """The profile's file by its SHA-256; each change as key, value before and value after."""
    facts = {"profile_sha256": text_hash.hex(), "changes": [list(change) for change in changes]}
    return Asked(AskedJob.CHANGE_PROFILE, f"profile {institution_id} {text_hash.hex()}", None, {}, facts)
