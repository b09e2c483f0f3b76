"""A box of fobs is taken into stock by its range of serial numbers, before any of them was plugged in (R31)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.exc import IntegrityError

from devices.profiles import FirmwareProfile
from provisioning.errors import AlreadyTaken, BadInput, InputFault
from provisioning.jobs.set_expiry import expires_after
from provisioning.rules.actor import Actor
from provisioning.rules.serial_range import SerialRange
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.custody import enter_new
from provisioning.store.queries.serial_ranges import gaps, known_serials
from provisioning.store.tables import Fob


@dataclass(frozen=True, slots=True)
class TakeRangeCommand:
    """The numbers of `wanted` that nobody has yet, without those `missing` from the box: `counted` fobs.

    `last_day` (in Japan) is the last on which their codes count, None where the box tells none.
    """

    institution_id: str
    branch: str
    profile: str
    wanted: SerialRange
    actor: Actor
    counted: int
    missing: frozenset[str] = frozenset()
    last_day: date | None = None


@retried
def take_range(services: Services, command: TakeRangeCommand, now: datetime) -> int:
    """How many were taken: all or none.

    Raises BadInput("profile"; "missing" where one is not a gap of the range; "counted" where there are more or
    fewer numbers than fobs; "highest" where nothing is left to take; "last_day" that is over), AlreadyTaken("fob")
    if somebody was first.
    """
    profile = services.profiles.get(command.profile)
    if profile is None:
        raise BadInput("profile", InputFault.NOT_OFFERED)
    expires_at = expires_after(command.last_day, now)
    try:
        with services.store.write() as tx:
            free = gaps(known_serials(tx, profile.numbering, command.wanted), command.wanted)
            serials = _serials(free, command)
            fobs = [_fob(command, profile, serial, expires_at, now) for serial in serials]
            tx.add_all(fobs)
            tx.flush()
            enter_new(tx, fobs, command.actor, now)
            facts = {"profile": profile.name, "first": serials[0], "last": serials[-1], "count": len(serials)}
            record(tx, services.audit_key, AuditRecord(now, command.actor, "take_range", "taken", facts=facts))
    except IntegrityError:
        raise AlreadyTaken("fob") from None
    return len(serials)


def _serials(free: list[str], command: TakeRangeCommand) -> list[str]:
    if not command.missing <= set(free):
        raise BadInput("missing", InputFault.NOT_OFFERED)
    serials = [serial for serial in free if serial not in command.missing]
    if not serials:
        raise BadInput("highest", InputFault.NOT_OFFERED)
    if len(serials) != command.counted:
        raise BadInput("counted", InputFault.DO_NOT_MATCH)
    return serials


def _fob(
    command: TakeRangeCommand, profile: FirmwareProfile, serial: str, expires_at: datetime | None, now: datetime
) -> Fob:
    """What a fob tells itself — firmware, battery, clock — is noted when a station first sees it."""
    return Fob(
        institution_id=command.institution_id,
        branch=command.branch,
        serial=serial,
        profile=profile.name,
        numbering=profile.numbering,
        model=profile.device.model,
        firmware="",
        state=FobState.IN_STOCK,
        expires_at=expires_at,
        first_seen_at=now,
        changed_at=now,
    )
