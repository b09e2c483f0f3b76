"""Names of those who acted: staff, stations, systems of the bank."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.rules.actor import ActorKind
from provisioning.store.engine import Store
from provisioning.store.tables import BankClient, Customer, Staff, Station

_NAMED: Final[dict[ActorKind, Any]] = {
    ActorKind.STAFF: Staff,
    ActorKind.STATION: Station,
    ActorKind.BANK: BankClient,
}


def actor_names(session: Session, actor_ids: Iterable[str]) -> dict[str, str]:
    """By row id; customers and the system itself have no name here."""
    wanted = set(actor_ids)
    names: dict[str, str] = {}
    for table in _NAMED.values():
        names |= dict(session.execute(select(table.id, table.name).where(table.id.in_(wanted))).all())
    return names


@dataclass(frozen=True, slots=True)
class KnownActor:
    """Somebody whose acts can be looked up by a name."""

    kind: ActorKind
    id: str
    name: str


def known_actors(store: Store, institution_id: str) -> tuple[KnownActor, ...]:
    """Staff, stations and systems of an institution, by kind and name; also those that are gone."""
    found: list[KnownActor] = []
    with store.read() as session:
        for kind, table in _NAMED.items():
            own = select(table.id, table.name).where(table.institution_id == institution_id).order_by(table.name)
            found += [KnownActor(kind, *row) for row in session.execute(own)]
    return tuple(found)


def customer_names(session: Session, actor_ids: Iterable[str]) -> dict[str, str]:
    """Names of the customers among those who acted, by row id: in a company one may act for another."""
    return dict(session.execute(select(Customer.id, Customer.name).where(Customer.id.in_(set(actor_ids)))).all())
