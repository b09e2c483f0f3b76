"""Open a place for a new provisioning workstation and hand out its one-time enrolment code."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from provisioning.errors import BadInput, InputFault
from provisioning.jobs.asked_stock import new_station
from provisioning.jobs.spend_approval import Sought, spend_approval
from provisioning.rules.actor import Actor
from provisioning.rules.approval import ApprovedAct
from provisioning.rules.names import read_name
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import Station

CODE_LIFE: Final = timedelta(hours=1)
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 5 bits a sign; no I, O, 0, 1 to mistake
_GROUPS: Final = 5
_GROUP_SIGNS: Final = 4


@dataclass(frozen=True, slots=True)
class InviteStationCommand:
    """A workstation called `name` is to stand at `branch`."""

    institution_id: str
    branch: str
    name: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class StationInvitation:
    """`code` (100 random bits, typed on the station once) is good until `expires_at`."""

    station_id: str
    code: str = field(repr=False)
    expires_at: datetime


@retried
def invite_station(services: Services, command: InviteStationCommand, now: datetime) -> StationInvitation:
    """Create the station's row without keys.

    Raises BadInput for an empty name or an unknown branch, ApprovalNeeded, ApprovalRefused.
    """
    institution = services.institution(command.institution_id)
    name = read_name(command.name)
    if command.branch not in institution.branches:
        raise BadInput("branch", InputFault.NOT_OFFERED)
    code = _new_code()
    with services.store.write() as tx:
        asked = new_station(tx, services, command)
        sought = Sought(institution.id, command.actor, (ApprovedAct.ENROL_STATION,), asked)
        actor = spend_approval(tx, services, sought, now)
        station = Station(
            institution_id=institution.id,
            branch=command.branch,
            name=name,
            enrol_code_hash=code_hash(code),
            enrol_expires_at=now + CODE_LIFE,
        )
        tx.add(station)
        tx.flush()
        record(tx, services.audit_key, _audit(replace(command, actor=actor), station.id, name, now))
    return StationInvitation(station.id, code, now + CODE_LIFE)


def code_hash(code: str) -> bytes:
    """SHA-256 of an enrolment code as typed: case, spaces and hyphens do not matter."""
    return sha256("".join(sign for sign in code.upper() if sign.isalnum()).encode()).digest()


def _new_code() -> str:
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_SIGNS)) for _ in range(_GROUPS))
    return "-".join(groups)


def _audit(command: InviteStationCommand, station_id: str, name: str, now: datetime) -> AuditRecord:
    facts = {"station_id": station_id, "name": name, "branch": command.branch}
    return AuditRecord(now, command.actor, "invite_station", "invited", command.institution_id, facts=facts)
