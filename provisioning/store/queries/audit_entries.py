"""An entry of the audit log as somebody reads it: with the names behind its ids, and its place in the tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.rules.actor import ActorKind
from provisioning.store.audit import SHOWN
from provisioning.store.engine import Store
from provisioning.store.queries.actors import actor_names
from provisioning.store.tables import AuditBatch, AuditEntry, AuditLeaf, Credential, Customer, Fob

_ROLE: Final = "actor_role"
_APPROVER: Final = "approver"
_TOLD: Final = frozenset({_ROLE, _APPROVER, SHOWN})
"""Facts that a view of an entry has in places of their own."""


@dataclass(frozen=True, slots=True)
class Person:
    """A customer whom an entry is about."""

    customer_id: str
    name: str
    user_id: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry. `actor_name` is empty for the system; `customer` None where it is about none, or one who is gone.

    `shown`: of a list that somebody looked at, for one entry alone; of many there is only `shown_count`.
    `leaf_index`: its place in the tree; None until it is sealed. `names`: of staff and others that the facts name.
    """

    number: int
    at: datetime
    institution_id: str | None
    branch: str | None
    actor_kind: ActorKind
    actor_id: str
    actor_name: str
    actor_role: str
    approver_name: str
    origin: str
    act: str
    result: str
    customer: Person | None
    shown: tuple[Person, ...]
    shown_count: int
    credential_id: str | None
    fob_id: str | None
    fob_serial: str
    job_id: str | None
    facts: Mapping[str, Any]
    names: Mapping[str, str]
    leaf_index: int | None


def sealed_at(store: Store, leaf_index: int) -> datetime | None:
    """When that place in the tree was given."""
    batch = select(AuditBatch.sealed_at).where(AuditBatch.first_index <= leaf_index)
    with store.read_connection() as connection:
        return connection.scalar(batch.order_by(AuditBatch.first_index.desc()).limit(1))


def entry_view(store: Store, institution_id: str, number: int) -> EntryView:
    """One entry of the institution, or of none. Raises NotFound."""
    with store.read() as session:
        row = session.get(AuditEntry, number)
        if row is None or row.institution_id not in (institution_id, None):
            raise NotFound("audit entry")
        return next(entry_views(session, [row], with_shown=True))


def entry_views(session: Session, rows: Sequence[AuditEntry], *, with_shown: bool = False) -> Iterator[EntryView]:
    """The rows in their order, with everything that they name, in a few questions for all."""
    known = _Known(session, rows, _shown(rows) if with_shown else set())
    for row in rows:
        yield known.view(row)


class _Known:
    """What the rows name, looked up for all of them at once."""

    def __init__(self, session: Session, rows: Sequence[AuditEntry], shown: set[str]) -> None:
        numbers = [row.id for row in rows]
        self.holders = _pairs(session, Credential.id, Credential.customer_id, {row.credential_id for row in rows})
        customers = {row.customer_id for row in rows} | {row.actor_id for row in rows} | set(self.holders.values())
        institutions = {row.institution_id for row in rows if row.institution_id}
        self.people = {person.customer_id: person for person in _people(session, institutions, customers | shown)}
        said = {
            value for row in rows for value in row.facts.values() if isinstance(value, str) and len(value) == 32
        }
        self.names = actor_names(session, {row.actor_id for row in rows} | said)
        self.serials = _pairs(session, Fob.id, Fob.serial, {row.fob_id for row in rows})
        self.places = _pairs(session, AuditLeaf.entry_id, AuditLeaf.leaf_index, numbers)

    def view(self, row: AuditEntry) -> EntryView:
        same = ("at", "institution_id", "branch", "actor_id", "origin", "act", "result")
        about = row.customer_id or self.holders.get(row.credential_id)
        return EntryView(
            **{name: getattr(row, name) for name in (*same, "credential_id", "fob_id", "job_id")},
            number=row.id,
            actor_kind=ActorKind(row.actor_kind),
            actor_name=self._name(row.actor_id),
            actor_role=str(row.facts.get(_ROLE, "")),
            approver_name=self._name(row.facts.get(_APPROVER)),
            customer=self.people.get(about or ""),
            shown=tuple(self.people[one] for one in _shown([row]) if one in self.people),
            shown_count=len(_shown([row])),
            fob_serial=self.serials.get(row.fob_id, ""),
            facts={name: value for name, value in row.facts.items() if name not in _TOLD},
            names=self.names,
            leaf_index=self.places.get(row.id),
        )

    def _name(self, actor_id: Any) -> str:
        person = self.people.get(actor_id)
        return person.name if person else self.names.get(actor_id, "")


def _shown(rows: Iterable[AuditEntry]) -> set[str]:
    return {one for row in rows for one in row.facts.get(SHOWN, ())}


def _pairs(session: Session, key: Any, value: Any, wanted: Iterable[Any]) -> dict[Any, Any]:
    rows = session.execute(select(key, value).where(key.in_([one for one in wanted if one is not None])))
    return {row[0]: row[1] for row in rows}


def _people(session: Session, institutions: set[str], ids: Iterable[str | None]) -> Iterator[Person]:
    """Those of the entries' institutions: what tells of the whole bank's system names no customer."""
    query = select(Customer.id, Customer.name, Customer.user_id, Customer.institution_id)
    for row in session.execute(query.where(Customer.id.in_([one for one in ids if one is not None]))):
        if row.institution_id in institutions:
            yield Person(row.id, row.name, row.user_id)
