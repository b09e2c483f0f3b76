"""Names of those who acted: staff, stations, systems of the bank."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.store.tables import BankClient, Customer, Staff, Station


def actor_names(session: Session, actor_ids: Iterable[str]) -> dict[str, str]:
    """By row id; customers and the system itself have no name here."""
    wanted = set(actor_ids)
    names: dict[str, str] = {}
    for table in (Staff, Station, BankClient):
        names |= dict(session.execute(select(table.id, table.name).where(table.id.in_(wanted))).all())
    return names


def customer_names(session: Session, actor_ids: Iterable[str]) -> dict[str, str]:
    """Names of the customers among those who acted, by row id: in a company one may act for another."""
    return dict(session.execute(select(Customer.id, Customer.name).where(Customer.id.in_(set(actor_ids)))).all())
