"""Note until which day a fob's codes count, as its maker or supplier says (R33)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import update

from provisioning.errors import BadInput, InputFault
from provisioning.jobs.fob_acts import FobCommand, fob_case, record_fob_act
from provisioning.rules.timetable import day_ends
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import Fob


@dataclass(frozen=True, slots=True)
class SetExpiryCommand(FobCommand):
    """`last_day` in Japan, on which codes still count; None: no expiry is known."""

    last_day: date | None


@retried
def set_expiry(services: Services, command: SetExpiryCommand, now: datetime) -> None:
    """Raises BadInput("last_day") for a day that is over, NotFound."""
    expires_at = expires_after(command.last_day, now)
    with services.store.write() as tx:
        fob = fob_case(tx, command).fob
        before = fob.expires_at
        tx.execute(update(Fob).where(Fob.id == fob.id).values(expires_at=expires_at))
        record_fob_act(tx, services, command, now, "set_expiry", before=_iso(before), after=_iso(expires_at))


def expires_after(last_day: date | None, now: datetime) -> datetime | None:
    """The instant at which a fob with that last day expires. Raises BadInput("last_day")."""
    if last_day == date.max:  # no day follows it
        raise BadInput("last_day", InputFault.NOT_OFFERED)
    expires_at = None if last_day is None else day_ends(last_day)
    if expires_at is not None and expires_at <= now:
        raise BadInput("last_day", InputFault.NOT_OFFERED)
    return expires_at


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
