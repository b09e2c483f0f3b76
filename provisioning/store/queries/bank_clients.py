"""The bank's own systems, for the operator who gives keys out and takes them away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from provisioning.rules.bank_scopes import BankScope, read_scopes
from provisioning.store.engine import Store
from provisioning.store.tables import BankClient


@dataclass(frozen=True, slots=True)
class BankClientView:
    """One system. `institution_id` None: it serves every institution."""

    id: str
    institution_id: str | None
    name: str
    scopes: frozenset[BankScope]
    checks_confirmation: bool
    created_at: datetime
    revoked_at: datetime | None


def bank_clients(store: Store) -> tuple[BankClientView, ...]:
    """All of them, the oldest first."""
    with store.read() as tx:
        rows = tx.scalars(select(BankClient).order_by(BankClient.created_at, BankClient.id)).all()
    return tuple(
        BankClientView(
            row.id,
            row.institution_id,
            row.name,
            read_scopes(row.scopes),
            row.checks_confirmation,
            row.created_at,
            row.revoked_at,
        )
        for row in rows
    )
