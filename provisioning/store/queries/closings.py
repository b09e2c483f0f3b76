"""Daily closings for the pages, and today's moves by kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, func, select

from provisioning.errors import NotFound
from provisioning.rules.closing import ClosingLine, Finding, FindingKind
from provisioning.rules.custody import Compartment
from provisioning.rules.states import FobState
from provisioning.store.engine import Store
from provisioning.store.tables import CustodyEntry, Staff, StockClosing

RECENT: Final = 31
"""Closings that are listed."""


@dataclass(frozen=True, slots=True)
class ClosingView:
    """One closing. `states`: all fobs of the branch by state, those with customers too."""

    id: str
    branch: str
    at: datetime
    staff_name: str
    note: str
    lines: tuple[ClosingLine, ...]
    states: dict[FobState, int]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class MoveCount:
    """How many fobs went this way."""

    from_state: FobState | None
    to_state: FobState
    count: int


def closings(store: Store, institution_id: str, branch: str | None) -> tuple[ClosingView, ...]:
    """The newest first."""
    query = _rows(institution_id).order_by(StockClosing.at.desc()).limit(RECENT)
    if branch is not None:
        query = query.where(StockClosing.branch == branch)
    with store.read() as session:
        return tuple(_view(*row) for row in session.execute(query))


def closing(store: Store, institution_id: str, closing_id: str) -> ClosingView:
    """One closing. Raises NotFound."""
    with store.read() as session:
        row = session.execute(_rows(institution_id).where(StockClosing.id == closing_id)).one_or_none()
    if row is None:
        raise NotFound("closing")
    return _view(*row)


def moves_since(store: Store, institution_id: str, branch: str | None, since: datetime) -> tuple[MoveCount, ...]:
    """Moves of fobs by kind, in the order of a fob's life."""
    kind = (CustodyEntry.from_state, CustodyEntry.to_state)
    query = select(*kind, func.count()).where(CustodyEntry.institution_id == institution_id)
    query = query.where(CustodyEntry.at >= since).group_by(*kind)
    if branch is not None:
        query = query.where(CustodyEntry.branch == branch)
    order = {state: place for place, state in enumerate(FobState)}
    with store.read() as session:
        counts = [MoveCount(*row) for row in session.execute(query)]
    return tuple(sorted(counts, key=lambda one: (order[one.to_state], order[one.from_state or one.to_state])))


def _rows(institution_id: str) -> Select[*tuple[Any, ...]]:
    by = select(StockClosing, Staff.name).join(Staff, Staff.id == StockClosing.staff_id)
    return by.where(StockClosing.institution_id == institution_id)


def _view(row: StockClosing, staff_name: str) -> ClosingView:
    same = ("id", "branch", "at", "note")
    return ClosingView(
        **{name: getattr(row, name) for name in same},
        staff_name=staff_name,
        lines=tuple(_line(Compartment(name), line) for name, line in row.lines.items()),
        states={state: row.states.get(state.value, 0) for state in FobState},
        findings=tuple(_finding(item) for item in row.findings),
    )


def _line(compartment: Compartment, kept: dict[str, Any]) -> ClosingLine:
    return ClosingLine(**kept | {"compartment": compartment})


def _finding(item: dict[str, Any]) -> Finding:
    compartment = item["compartment"]
    typed = {"kind": FindingKind(item["kind"]), "compartment": Compartment(compartment) if compartment else None}
    return Finding(**item | typed)
