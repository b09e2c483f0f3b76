"""The drawer as a list: how many fobs are in each state, and one page of them at a time, found by key."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session

from provisioning.rules.states import FobState
from provisioning.store.engine import Store
from provisioning.store.queries.fobs import FobView, views_of
from provisioning.store.tables import Fob

_LAST_CHARACTER: Final = "\U0010ffff"


class FobKey(NamedTuple):
    """By which fobs are listed."""

    serial: str
    profile: str


@dataclass(frozen=True, slots=True)
class StockFilter:
    """Which fobs to list: of one branch, in one state, whose serial begins so; at most `limit`.

    `after` and `before` (at most one of them) name the fob next to the page asked for.
    """

    branch: str | None = None
    state: FobState | None = None
    serial_start: str = ""
    limit: int = 50
    after: FobKey | None = None
    before: FobKey | None = None


@dataclass(frozen=True, slots=True)
class Stock:
    """How many fobs are in each state, and a page of those asked for.

    `after` and `before` lead to the next and the previous page, None where there is none.
    """

    counts: Mapping[FobState, int]
    fobs: tuple[FobView, ...]
    after: FobKey | None = None
    before: FobKey | None = None


def stock(store: Store, institution_id: str, wanted: StockFilter | None = None) -> Stock:
    """The institution's fobs, by serial. The counts follow `branch` only."""
    wanted = wanted or StockFilter()
    with store.read() as session:
        counts = fob_counts(session, institution_id, wanted.branch)
        found = list(session.scalars(_page(institution_id, wanted)))
        more = len(found) > wanted.limit
        found = found[: wanted.limit]
        if wanted.before is not None:
            found.reverse()
        fobs = views_of(session, found)
    return Stock(
        counts,
        fobs,
        after=_key(fobs[-1]) if fobs and (more or wanted.before is not None) else None,
        before=_key(fobs[0]) if fobs and (more if wanted.before else wanted.after is not None) else None,
    )


def fob_counts(session: Session, institution_id: str, branch: str | None) -> dict[FobState, int]:
    """How many fobs are in each state."""
    query = select(Fob.state, func.count()).where(*_own(institution_id, branch)).group_by(Fob.state)
    return dict.fromkeys(FobState, 0) | dict(session.execute(query).all())


def not_in_stock(store: Store, institution_id: str, branch: str, serials: Collection[str]) -> frozenset[str]:
    """Those of the serial numbers that name no fob of the branch's stock, or two of different kinds."""
    here = (*_own(institution_id, branch), Fob.state == FobState.IN_STOCK, Fob.serial.in_(serials))
    named = select(Fob.serial).where(*here).group_by(Fob.serial).having(func.count() == 1)
    with store.read() as session:
        return frozenset(serials) - frozenset(session.scalars(named))


def only_kind(store: Store, institution_id: str, branch: str) -> str:
    """The profile of a branch whose fobs are all of one kind; empty where they are not, or where it has none."""
    with store.read() as session:
        kinds = session.scalars(select(Fob.profile).where(*_own(institution_id, branch)).distinct().limit(2)).all()
    return kinds[0] if len(kinds) == 1 else ""


def _page(institution_id: str, wanted: StockFilter) -> Select[Fob]:
    """One fob more than the page holds; the rows before a key come backwards."""
    key = tuple_(Fob.serial, Fob.profile)
    query = select(Fob).where(*_own(institution_id, wanted.branch)).limit(wanted.limit + 1)
    if wanted.state is not None:
        query = query.where(Fob.state == wanted.state)
    if wanted.serial_start:
        start = wanted.serial_start
        query = query.where(Fob.serial >= start, Fob.serial < start + _LAST_CHARACTER)
    if wanted.before is not None:
        return query.where(key < tuple_(*wanted.before)).order_by(Fob.serial.desc(), Fob.profile.desc())
    if wanted.after is not None:
        query = query.where(key > tuple_(*wanted.after))
    return query.order_by(Fob.serial, Fob.profile)


def _own(institution_id: str, branch: str | None) -> list[ColumnElement[bool]]:
    own = [Fob.institution_id == institution_id]
    return own if branch is None else [*own, Fob.branch == branch]


def _key(fob: FobView) -> FobKey:
    return FobKey(fob.serial, fob.profile)
