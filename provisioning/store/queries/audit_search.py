"""What an auditor looks up: entries by who, what, customer, fob and time, newest first, a page at a time.

One condition leads, and has an index in the order of time; the others only leave entries out. Where these might
leave out nearly all, no more than SPAN entries are looked at for one page, which then says from where to go on: so
a page takes the same time whatever the log's length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from provisioning.rules.actor import ActorKind
from provisioning.store.engine import Store
from provisioning.store.queries.audit_entries import EntryView, entry_views
from provisioning.store.tables import AuditEntry, Credential, Customer, Fob
from provisioning.store.tables.audit import BY_STAFF, RARE, AuditShown

PAGE: Final = 50
SPAN: Final = 3_000
_COMMON: Final = "verify"


class EntryKey(NamedTuple):
    """Where an entry stands in the order of time."""

    at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries. `institution_id` None: those of no institution, which tell of the whole bank's system.

    `since` and `until` bound the time, `until` not included. `before`: only what is older than this entry.
    """

    institution_id: str | None
    actor_id: str | None = None
    actor_kind: ActorKind | None = None
    act: str | None = None
    customer_id: str | None = None
    fob_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: EntryKey | None = None
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class EntriesFound:
    """One page. `older`: where the next page begins, None at the end; `looked_on`: this one was not filled, and
    there may be more further back.
    """

    entries: tuple[EntryView, ...]
    older: EntryKey | None
    looked_on: bool


def find_entries(store: Store, wanted: EntryFilter) -> EntriesFound:
    """A page of what is wanted."""
    with store.read() as session:
        rows, floor = _rows(session, wanted)
        views = tuple(entry_views(session, rows[: wanted.limit]))
    if len(rows) > wanted.limit:
        last = views[-1]
        return EntriesFound(views, EntryKey(last.at, last.number), looked_on=False)
    return EntriesFound(views, None if floor is None else EntryKey(floor, 0), looked_on=floor is not None)


def customer_named(store: Store, institution_id: str, typed: str) -> str | None:
    """Row id of the customer with this user ID or login ID, or None."""
    named = or_(Customer.user_id == typed.upper(), Customer.login_id == typed)
    query = select(Customer.id).where(Customer.institution_id == institution_id, named)
    with store.read_connection() as connection:
        return connection.scalar(query.limit(1))


def _rows(session: Session, wanted: EntryFilter) -> tuple[Sequence[AuditEntry], datetime | None]:
    """One row more than the page has, if there is one; and how far back was looked, if not to the end."""
    bounds = _bounds(wanted)
    if wanted.customer_id is not None or wanted.fob_id is not None:
        numbers = union(*(_newest(way, bounds, wanted) for way in _concerned(session, wanted))).subquery()
        query = select(AuditEntry).where(AuditEntry.id.in_(select(numbers.c.id)))
        return session.scalars(_ordered(query, wanted.limit + 1)).all(), None
    leading, others = _conditions(wanted)
    floor = _floor(session, [*leading, *bounds]) if others else None
    if floor is not None:
        bounds = [*bounds, AuditEntry.at >= floor]
    query = select(AuditEntry).where(*leading, *bounds, *others)
    rows = session.scalars(_ordered(query, wanted.limit + 1)).all()
    return rows, None if len(rows) > wanted.limit else floor


def _bounds(wanted: EntryFilter) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        bounds.append(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        bounds.append(AuditEntry.at < wanted.until)
    if wanted.before is not None:
        at, number = wanted.before
        # said twice: the first is what an index in the order of time can begin at
        bounds += [AuditEntry.at <= at, or_(AuditEntry.at < at, AuditEntry.id < number)]
    return bounds


def _conditions(wanted: EntryFilter) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """What an index leads by, and what is looked at in each entry."""
    own: ColumnElement[bool] = AuditEntry.institution_id == wanted.institution_id
    others = []
    if wanted.actor_kind is not None:
        others.append(_is(AuditEntry.actor_kind, wanted.actor_kind.value))
    if wanted.actor_id is not None and wanted.actor_kind is ActorKind.STAFF:
        leading: list[ColumnElement[bool]] = [literal_column(BY_STAFF), AuditEntry.actor_id == wanted.actor_id]
        others = [_is(AuditEntry.institution_id, wanted.institution_id or "")]
        others += [_is(AuditEntry.act, wanted.act)] if wanted.act else []
        return leading, others
    if wanted.actor_id is not None:
        others.append(_is(AuditEntry.actor_id, wanted.actor_id))
    if wanted.act is not None and wanted.act != _COMMON:
        return [own, literal_column(RARE), AuditEntry.act == wanted.act], others
    if wanted.act is not None:
        others.append(_is(AuditEntry.act, wanted.act))
    return [own], others


def _is(column: InstrumentedAttribute[Any], value: str) -> ColumnElement[bool]:
    """Equality that no index is chosen for: the leading one is in the order of time."""
    return func.coalesce(column, "") == value


def _floor(session: Session, conditions: Sequence[ColumnElement[bool]]) -> datetime | None:
    """When the last of the SPAN entries is that are looked at; None where there are not so many."""
    query = select(AuditEntry.at).where(*conditions)
    floor: datetime | None = session.scalar(_ordered(query, 1).offset(SPAN - 1))
    return floor


def _concerned(session: Session, wanted: EntryFilter) -> list[ColumnElement[bool]]:
    """The ways in which an entry may be about the customer or the fob, each with an index of its own."""
    ways: list[ColumnElement[bool]] = []
    if wanted.customer_id is not None:
        tokens = _tokens(session, Credential.customer_id == wanted.customer_id)
        listed = select(AuditShown.entry_id).where(AuditShown.customer_id == wanted.customer_id)
        nameless = and_(AuditEntry.credential_id.in_(tokens), AuditEntry.customer_id.is_(None))
        ways += [AuditEntry.customer_id == wanted.customer_id, nameless, AuditEntry.id.in_(listed)]
    if wanted.fob_id is not None:
        ways.append(AuditEntry.fob_id == wanted.fob_id)
        holders = select(Credential.id, Credential.customer_id).where(Credential.fob_id == wanted.fob_id)
        for token, holder in session.execute(holders):
            named = and_(AuditEntry.customer_id == holder, _is(AuditEntry.credential_id, token))
            nameless = and_(AuditEntry.credential_id == token, AuditEntry.customer_id.is_(None))
            ways += [named, nameless]
    return ways


def _tokens(session: Session, own: ColumnElement[bool]) -> Sequence[str]:
    return session.scalars(select(Credential.id).where(own)).all()


def _newest(way: ColumnElement[bool], bounds: Sequence[ColumnElement[bool]], wanted: EntryFilter) -> Select[Any]:
    others = [_is(AuditEntry.institution_id, wanted.institution_id or "")]
    if wanted.actor_kind is not None:
        others.append(_is(AuditEntry.actor_kind, wanted.actor_kind.value))
    if wanted.actor_id is not None:
        others.append(_is(AuditEntry.actor_id, wanted.actor_id))
    if wanted.act is not None:
        others.append(_is(AuditEntry.act, wanted.act))
    query = _ordered(select(AuditEntry.id, AuditEntry.at).where(way, *bounds, *others), wanted.limit + 1)
    newest = query.subquery()
    return select(newest.c.id)


def _ordered(query: Any, limit: int) -> Any:
    return query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit)


def fob_named(store: Store, institution_id: str, serial: str) -> str | None:
    """Row id of the fob with this serial number, or None."""
    query = select(Fob.id).where(Fob.institution_id == institution_id, Fob.serial == serial.upper())
    with store.read_connection() as connection:
        return connection.scalar(query.limit(1))


def next_page(wanted: EntryFilter, found: EntriesFound) -> EntryFilter:
    """The filter of what follows `found`."""
    return replace(wanted, before=found.older)
