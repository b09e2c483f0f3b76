"""A blank fob that stations see by several profiles is used by another of them: a card reader, not a keyboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from provisioning.errors import NotFound, WrongState
from provisioning.jobs.fob_acts import FobCommand, fob_case, record_fob_act
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.queries.faces import faces
from provisioning.store.tables import Fob

_TOLD: Final = ("profile", "model", "firmware", "battery_percent", "clock_offset_s", "generation")


@dataclass(frozen=True, slots=True)
class UseAsCommand(FobCommand):
    """`profile`: the other one."""

    profile: str


@retried
def use_as(services: Services, command: UseAsCommand, now: datetime) -> None:
    """From now on the fob is what the station tells of that profile.

    Raises NotFound("device") unless a connected station sees it so, WrongState("device", the problem's code) where
    it cannot be used, WrongState("fob", …) for a fob that is not blank, NotFound.
    """
    with services.store.write() as tx:
        fob = fob_case(tx, command).fob
        before = fob.profile
        _change(tx, fob, _seen(tx, fob, command.profile, now), now)
        record_fob_act(tx, services, command, now, "use_as", before=before, after=command.profile)


def _seen(tx: Session, fob: Fob, profile: str, now: datetime) -> Mapping[str, Any]:
    seen = faces(tx, fob, now).get(profile)
    if seen is None:
        raise NotFound("device")
    if seen["problem"] is not None:
        raise WrongState("device", str(seen["problem"]["code"]))
    return seen


def _change(tx: Session, fob: Fob, seen: Mapping[str, Any], now: datetime) -> None:
    """The other application knows nothing of an access code of ours."""
    blank = update(Fob).where(Fob.id == fob.id, Fob.profile == fob.profile, Fob.state == FobState.IN_STOCK)
    told = {name: seen[name] for name in _TOLD}
    if not changed_rows(tx, blank.values(**told, access_code_set=False, changed_at=now)):
        tx.refresh(fob)  # somebody else may have taken it since it was read
        raise WrongState("fob", fob.state.value)
