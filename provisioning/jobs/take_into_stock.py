"""A fob that a station sees for the first time becomes part of the institution's stock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from provisioning.errors import AlreadyTaken, BadInput, InputFault, NotFound, WrongState
from provisioning.jobs.numbering import numbering_of
from provisioning.jobs.unnamed_fob import is_unnamed
from provisioning.rules.actor import Actor
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.custody import enter_custody
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Fob, Station

_LABEL: Final = re.compile(r"[0-9A-Z][0-9A-Z-]{0,31}")
"""What a label can say; it is typed in capitals, as serial numbers are."""


@dataclass(frozen=True, slots=True)
class TakeIntoStockCommand:
    """The device with this profile and serial, as the station last reported it.

    `serial` of a device that tells none is what its label says, as typed by the teller.
    """

    institution_id: str
    station_id: str
    profile: str
    serial: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class StockedFob:
    """The fob's row."""

    fob_id: str


@retried
def take_into_stock(services: Services, command: TakeIntoStockCommand, now: datetime) -> StockedFob:
    """Record the fob with what the station reported of it (R31).

    Raises NotFound if the station does not see exactly one such device, WrongState with the
    problem's code if it sees one that cannot be used, AlreadyTaken if the fob is known already, by
    this profile or by another one of the same thing, BadInput("serial") for a label that is none.
    """
    unnamed = is_unnamed(services, command.profile)
    if unnamed and not _LABEL.fullmatch(command.serial):
        raise BadInput("serial", InputFault.BAD_FORM if command.serial else InputFault.MISSING)
    if not command.serial:
        raise NotFound("device")
    try:
        with services.store.write() as tx:
            station = own_row(tx, Station, command.station_id, command.institution_id)
            told = "" if unnamed else command.serial
            seen = {**_seen(station.devices, command.profile, told), "serial": command.serial}
            fob = _fob(station, seen, numbering_of(services, command.profile), now)
            tx.add(fob)
            tx.flush()
            enter_custody(tx, fob.id, None, FobState.IN_STOCK, command.actor, now)
            facts = {"serial": fob.serial, "profile": fob.profile, "firmware": fob.firmware}
            entry = AuditRecord(now, command.actor, "take_into_stock", "taken", fob_id=fob.id, facts=facts)
            record(tx, services.audit_key, entry)
    except IntegrityError:
        raise AlreadyTaken("fob") from None
    return StockedFob(fob.id)


def _seen(devices: list[dict[str, Any]], profile: str, serial: str) -> Mapping[str, Any]:
    found = [item for item in devices if (item["profile"], item["serial"]) == (profile, serial)]
    if len(found) != 1 or not profile:
        raise NotFound("device")
    if found[0]["problem"] is not None:
        raise WrongState("device", str(found[0]["problem"]["code"]))
    return found[0]


def _fob(station: Station, seen: Mapping[str, Any], numbering: str, now: datetime) -> Fob:
    told = ("serial", "profile", "model", "firmware", "battery_percent", "clock_offset_s", "generation")
    return Fob(
        **{name: seen[name] for name in told},
        numbering=numbering,
        institution_id=station.institution_id,
        branch=station.branch,
        state=FobState.IN_STOCK,
        first_seen_at=now,
        changed_at=now,
    )
