"""A station presents its one-time code and its public keys and gets its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select, update

from devices.contract import Enrolled
from provisioning.errors import BadInput, InputFault, NotFound, VaultError
from provisioning.jobs.invite_station import code_hash
from provisioning.rules.actor import Actor, ActorKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.tables import Station

_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class EnrolStationCommand:
    """The typed code; raw Ed25519 and X25519 public keys in hexadecimal; the address the request came from."""

    code: str = field(repr=False)
    signing_key: str
    sealing_key: str
    origin: str = ""


@retried
def enrol_station(services: Services, command: EnrolStationCommand, now: datetime) -> Enrolled:
    """Spend the code and keep the keys. Raises NotFound for a wrong, spent or expired code, BadInput for a key.

    VaultError in a process that does not answer stations.
    """
    signer = services.answer_signer
    if signer is None:
        raise VaultError
    keys = {
        "signing_key": _key("signing_key", command.signing_key),
        "sealing_key": _key("sealing_key", command.sealing_key),
    }
    spent = (
        Station.enrol_code_hash == code_hash(command.code),
        Station.enrol_expires_at > now,
        Station.revoked_at.is_(None),
    )
    with services.store.write() as tx:
        station = tx.scalars(select(Station).where(*spent)).one_or_none()
        if station is None:
            raise NotFound("enrolment code")
        values = {**keys, "enrol_code_hash": None, "enrol_expires_at": None}
        if not changed_rows(tx, update(Station).where(*spent).values(**values)):
            raise NotFound("enrolment code")
        actor = Actor(ActorKind.STATION, station.id, station.institution_id, station.branch, command.origin)
        record(tx, services.audit_key, AuditRecord(now, actor, "enrol_station", "enrolled"))
    return Enrolled(station_id=station.id, name=station.name, server_key=signer.public_key.hex())


def _key(name: str, text: str) -> bytes:
    """32 bytes, not all zero: X25519 refuses to agree with that one."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise BadInput(name, InputFault.BAD_FORM) from None
    if len(key) != _KEY_BYTES:
        raise BadInput(name, InputFault.WRONG_LENGTH)
    if not any(key):
        raise BadInput(name, InputFault.BAD_FORM)
    return key
