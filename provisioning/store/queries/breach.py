"""Persons whom a breach concerns: by what tables hold of them, or by whom the audit log says somebody saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, func, literal_column, select
from sqlalchemy.orm import Session

from provisioning.rules.actor import ActorKind
from provisioning.rules.personal_data import FIELDS, DataKind, Key, PersonalField, Protection
from provisioning.store.audit import SHOWN, VIEW
from provisioning.store.engine import Store
from provisioning.store.tables import AuditEntry, Base, Credential, Customer
from provisioning.store.tables.audit import BY_STAFF

_AT_ONCE: Final = 500
# the column in which a row names its key
_NAMED: Final = {Key.KEK: "kek_id", Key.ADDRESS: "address_key_id"}


@dataclass(frozen=True, slots=True)
class Affected:
    """One person and one kind of data. `place`: a column, or the act by which it was seen.

    `first_at` and `last_at`: when it was seen; None of what merely stood in a table.
    """

    customer_id: str
    user_id: str
    name: str
    branch: str
    kind: DataKind
    place: str
    protection: Protection
    key: str
    first_at: datetime | None = None
    last_at: datetime | None = None
    times: int = 0


def in_tables(store: Store, institution_id: str, tables: Sequence[str]) -> Iterator[Affected]:
    """What these tables hold of each customer, customer by customer."""
    chosen = [field for field in FIELDS if field.table in tables]
    for people in _everybody(store, institution_id):
        with store.read() as session:
            for field in chosen:
                yield from _held(session, field, people)


def under_key(store: Store, institution_id: str, key_id: str) -> Iterator[Affected]:
    """Whose seeds are wrapped under this key-encryption key, or whose addresses are under this key."""
    named = [field for field in FIELDS if field.key in _NAMED]
    for people in _everybody(store, institution_id):
        with store.read() as session:
            for field in named:
                yield from (one for one in _held(session, field, people) if one.key == key_id)


@dataclass(frozen=True, slots=True)
class Watched:
    """Somebody whose acts from `since` until `until` may have been another's."""

    institution_id: str
    kind: ActorKind
    actor_id: str
    since: datetime
    until: datetime


def seen_by(store: Store, watched: Watched) -> Iterator[Affected]:
    """Whom somebody's acts and views concern, as the audit log has it, person by person."""
    with store.read() as session:
        found: dict[tuple[str, DataKind, str, Protection], list[datetime]] = {}
        for row in _acts(session, watched):
            for customer_id in _concerned(session, row):
                for data, protection in _told(watched.kind, row):
                    found.setdefault((customer_id, data, _place(row), protection), []).append(row.at)
        people = _people(session, watched.institution_id, {key[0] for key in found})
    for (customer_id, data, place, protection), times in sorted(found.items()):
        if customer_id in people:
            yield Affected(*people[customer_id], data, place, protection, "", min(times), max(times), len(times))


_Person = tuple[str, str, str, str]
_PERSON: Final = (Customer.id, Customer.user_id, Customer.name, Customer.branch)


def _everybody(store: Store, institution_id: str) -> Iterator[dict[str, _Person]]:
    after = ""
    while True:
        own = (Customer.institution_id == institution_id, Customer.id > after)
        query = select(*_PERSON).where(*own).order_by(Customer.id).limit(_AT_ONCE)
        with store.read() as session:
            people = {row.id: _person(row) for row in session.execute(query)}
        if not people:
            return
        yield people
        after = max(people)


def _person(row: Any) -> _Person:
    return (row.id, row.user_id, row.name, row.branch)


def _people(session: Session, institution_id: str, ids: set[str]) -> dict[str, _Person]:
    wanted = sorted(ids)
    people: dict[str, _Person] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        some = Customer.id.in_(wanted[first : first + _AT_ONCE])
        rows = session.execute(select(*_PERSON, Customer.institution_id).where(some))
        people |= {row.id: _person(row) for row in rows if row.institution_id == institution_id}
    return people


def _held(session: Session, field: PersonalField, people: dict[str, _Person]) -> Iterator[Affected]:
    """Those of whom the column holds something, each once for every key."""
    table = Base.metadata.tables[field.table]
    column = table.c[field.column]
    query = _owners(table, list(people)).where(column.is_not(None))
    if field.protection is not Protection.PLAIN:
        query = query.where(column != _nothing(column.type.python_type))
    key = table.c[_NAMED[field.key]] if field.key in _NAMED else None
    query = query.add_columns(key) if key is not None else query
    for row in session.execute(query.distinct()):
        name = row[1] if key is not None else field.key.value
        place = f"{field.table}.{field.column}"
        yield Affected(*people[row[0]], field.kind, place, field.protection, name)


def _nothing(kind: type) -> Any:
    return b"" if kind is bytes else ""


def _owners(table: Table, ids: list[str]) -> Select[Any]:
    if table.name == "customer":
        return select(table.c.id).where(table.c.id.in_(ids))
    if "customer_id" in table.c:
        return select(table.c.customer_id).where(table.c.customer_id.in_(ids))
    # a ticket is a credential's
    owner = Credential.customer_id
    return select(owner).join(table, table.c.credential_id == Credential.id).where(owner.in_(ids))


def _acts(session: Session, watched: Watched) -> Iterator[Any]:
    own: list[ColumnElement[bool]] = [
        func.coalesce(AuditEntry.institution_id, "") == watched.institution_id,
        AuditEntry.actor_kind == watched.kind.value,
        AuditEntry.actor_id == watched.actor_id,
        AuditEntry.at >= watched.since,
        AuditEntry.at < watched.until,
    ]
    if watched.kind is ActorKind.STAFF:
        own.append(literal_column(BY_STAFF))
    columns = (AuditEntry.at, AuditEntry.act, AuditEntry.customer_id, AuditEntry.credential_id, AuditEntry.fob_id)
    yield from session.execute(select(*columns, AuditEntry.facts).where(*own)).yield_per(_AT_ONCE)


def _concerned(session: Session, row: Any) -> Sequence[str]:
    """The persons of an entry: named, listed, or who hold what it was done to."""
    if row.customer_id is not None:
        return [row.customer_id]
    if SHOWN in row.facts:
        return list(row.facts[SHOWN])
    if row.credential_id is None and row.fob_id is None:
        return []
    token = Credential.id == row.credential_id if row.credential_id else Credential.fob_id == row.fob_id
    holders = select(Credential.customer_id).where(token, Credential.issued_at <= row.at)
    return session.scalars(holders.order_by(Credential.issued_at.desc()).limit(1)).all()


_ON_PAGES: Final = (
    (DataKind.NAME, Protection.PLAIN),
    (DataKind.LOGIN_ID, Protection.PLAIN),
    (DataKind.USER_ID, Protection.PLAIN),
    (DataKind.TOKEN_HISTORY, Protection.PLAIN),
    (DataKind.MAIL_ADDRESS, Protection.MASKED),
)
_BY_API: Final = {
    "company": ((DataKind.NAME, Protection.PLAIN), (DataKind.EMPLOYER, Protection.PLAIN)),
    "addresses": ((DataKind.MAIL_ADDRESS, Protection.MASKED),),
    "papers": ((DataKind.PAPERS, Protection.PLAIN),),
}
_BY_ACT: Final = {
    "show_address": ((DataKind.MAIL_ADDRESS, Protection.PLAIN),),
    # the station decrypts the seed that it writes
    "claim_job": ((DataKind.TOKEN_SECRET, Protection.PLAIN),),
}
_OF_ACTS: Final = {
    ActorKind.STAFF: _ON_PAGES,
    ActorKind.BANK: ((DataKind.USER_ID, Protection.PLAIN), (DataKind.TOKEN_HISTORY, Protection.PLAIN)),
    ActorKind.STATION: ((DataKind.TOKEN_HISTORY, Protection.PLAIN),),
}


def _told(kind: ActorKind, row: Any) -> Sequence[tuple[DataKind, Protection]]:
    """What somebody of this kind learns by the act."""
    if row.act == VIEW and row.facts.get("place") in _BY_API:
        return _BY_API[row.facts["place"]]
    return _BY_ACT.get(row.act) or _OF_ACTS[kind]


def _place(row: Any) -> str:
    # a list of those affected is not lost to one entry that does not say where
    return f"{row.act} {row.facts.get('place', '')}".rstrip() if row.act == VIEW else str(row.act)
