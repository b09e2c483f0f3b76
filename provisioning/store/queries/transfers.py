"""Fobs on their way between branches: what was sent, by whom, and what became of each (R31)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.rules.states import FobState
from provisioning.store.engine import Store
from provisioning.store.queries.actors import actor_names
from provisioning.store.tables import CustodyEntry, Fob, Staff, StockTransfer

RECENT: Final = 31
"""Transfers that are listed."""


class Fate(StrEnum):
    """What became of a fob that was sent."""

    ON_WAY = "on_way"
    ARRIVED = "arrived"
    CAME_BACK = "came_back"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class TransferView:
    """Fobs sent in one go: how many, and how many of them are still on their way."""

    id: str
    from_branch: str
    to_branch: str
    sent_at: datetime
    staff_name: str
    note: str
    sent: int
    on_way: int


@dataclass(frozen=True, slots=True)
class SentFob:
    """One fob of a transfer. `at` and `who` tell of its arrival, return or loss."""

    fob_id: str
    serial: str
    model: str
    fate: Fate
    at: datetime | None
    who: str


def transfers(store: Store, institution_id: str, branch: str | None) -> tuple[TransferView, ...]:
    """From and to the branch, the newest first."""
    query = _rows(institution_id).order_by(StockTransfer.sent_at.desc(), StockTransfer.id).limit(RECENT)
    if branch is not None:
        query = query.where(or_(StockTransfer.from_branch == branch, StockTransfer.to_branch == branch))
    with store.read() as session:
        return _views(session, session.execute(query).all())


def transfer(store: Store, institution_id: str, transfer_id: str) -> tuple[TransferView, tuple[SentFob, ...]]:
    """One with its fobs, by serial. Raises NotFound."""
    with store.read() as session:
        rows = session.execute(_rows(institution_id).where(StockTransfer.id == transfer_id)).all()
        if not rows:
            raise NotFound("transfer")
        (view,) = _views(session, rows)
        return view, _fobs(session, view)


def coming(store: Store, institution_id: str, branch: str) -> int:
    """How many fobs are on their way to the branch."""
    query = select(func.count()).select_from(Fob).join(StockTransfer, StockTransfer.id == Fob.transfer_id)
    to_here = (StockTransfer.institution_id == institution_id, StockTransfer.to_branch == branch)
    with store.read() as session:
        return session.scalar(query.where(*to_here)) or 0


def _rows(institution_id: str) -> Select[*tuple[Any, ...]]:
    by = select(StockTransfer, Staff.name).join(Staff, Staff.id == StockTransfer.staff_id)
    return by.where(StockTransfer.institution_id == institution_id)


def _views(session: Session, rows: Iterable[Any]) -> tuple[TransferView, ...]:
    found = [(row, name) for row, name in rows]
    ids = [row.id for row, _ in found]
    sent = _counts(session, CustodyEntry.transfer_id, ids, CustodyEntry.to_state == FobState.IN_TRANSIT)
    on_way = _counts(session, Fob.transfer_id, ids)
    same = ("id", "from_branch", "to_branch", "sent_at", "note")
    return tuple(
        TransferView(
            **{field: getattr(row, field) for field in same},
            staff_name=name,
            sent=sent.get(row.id, 0),
            on_way=on_way.get(row.id, 0),
        )
        for row, name in found
    )


def _counts(session: Session, column: Any, ids: Iterable[str], *conditions: ColumnElement[bool]) -> dict[str, int]:
    query = select(column, func.count()).where(column.in_(ids), *conditions).group_by(column)
    return dict(session.execute(query).all())


def _fobs(session: Session, sent: TransferView) -> tuple[SentFob, ...]:
    """By the ledger: each went on its way by one entry, and by another one came where it is."""
    query = (
        select(Fob.id, Fob.serial, Fob.model, CustodyEntry)
        .join(CustodyEntry, CustodyEntry.fob_id == Fob.id)
        .where(CustodyEntry.transfer_id == sent.id)
        .order_by(Fob.serial, Fob.profile, CustodyEntry.id)
    )
    # the later entry of a fob takes the place of the earlier
    newest = {row.id: row for row in session.execute(query)}
    names = actor_names(session, (row.CustodyEntry.actor_id for row in newest.values()))
    return tuple(
        _sent_fob(row, _fate(row.CustodyEntry, sent), names.get(row.CustodyEntry.actor_id, ""))
        for row in newest.values()
    )


def _sent_fob(row: Any, fate: Fate, who: str) -> SentFob:
    is_over = fate is not Fate.ON_WAY
    at = row.CustodyEntry.at if is_over else None
    return SentFob(row.id, row.serial, row.model, fate, at, who if is_over else "")


def _fate(entry: CustodyEntry, sent: TransferView) -> Fate:
    if entry.to_state is FobState.IN_TRANSIT:
        return Fate.ON_WAY
    if entry.to_state is FobState.LOST:
        return Fate.LOST
    return Fate.ARRIVED if entry.branch == sent.to_branch else Fate.CAME_BACK
