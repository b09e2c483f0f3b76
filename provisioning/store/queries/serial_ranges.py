"""A range of serial numbers as the books have it: runs of fobs in one state, and gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from provisioning.rules.serial_range import SerialRange
from provisioning.rules.states import FobState
from provisioning.store.engine import Store
from provisioning.store.queries.fobs import FobView, views_of
from provisioning.store.tables import Fob


class RunKind(StrEnum):
    """What is known of the numbers of a run."""

    # nobody has taken them into stock
    GAP = "gap"
    OWN = "own"
    # of another institution, of which nothing is told
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Run:
    """Numbers one after another of which the same is known; state and branch of our own fobs only."""

    kind: RunKind
    first: str
    last: str
    count: int
    state: FobState | None = None
    branch: str = ""


def runs(store: Store, institution_id: str, numbering: str, wanted: SerialRange) -> tuple[Run, ...]:
    """The range from its first number to its last."""
    with store.read() as session:
        known = known_serials(session, numbering, wanted)
    found: list[Run] = []
    for serial in wanted.serials():
        run = _run(serial, known.get(serial), institution_id)
        before = found[-1] if found else None
        if before is not None and (before.kind, before.state, before.branch) == (run.kind, run.state, run.branch):
            found[-1] = replace(before, last=serial, count=before.count + 1)
        else:
            found.append(run)
    return tuple(found)


def fobs_in(store: Store, institution_id: str, profile: str, wanted: SerialRange) -> tuple[FobView, ...]:
    """The institution's fobs of that profile in the range, by serial."""
    with store.read() as session:
        known = _in_range(session, Fob.profile == profile, wanted)
        own = [fob for _, fob in sorted(known.items()) if fob.institution_id == institution_id]
        return views_of(session, own)


def known_serials(session: Session, numbering: str, wanted: SerialRange) -> dict[str, Fob]:
    """Fobs in the range of that series, of whatever institution and by whatever profile they are used."""
    return _in_range(session, Fob.numbering == numbering, wanted)


def _in_range(session: Session, of_kind: ColumnElement[bool], wanted: SerialRange) -> dict[str, Fob]:
    serials = wanted.serials()
    between = (of_kind, Fob.serial >= serials[0], Fob.serial <= serials[-1])
    within = set(serials)
    return {fob.serial: fob for fob in session.scalars(select(Fob).where(*between)) if fob.serial in within}


def gaps(known: Mapping[str, Fob], wanted: SerialRange) -> list[str]:
    """Numbers that nobody has."""
    return [serial for serial in wanted.serials() if serial not in known]


def _run(serial: str, fob: Fob | None, institution_id: str) -> Run:
    if fob is None:
        return Run(RunKind.GAP, serial, serial, 1)
    if fob.institution_id != institution_id:
        return Run(RunKind.FOREIGN, serial, serial, 1)
    return Run(RunKind.OWN, serial, serial, 1, fob.state, fob.branch)
