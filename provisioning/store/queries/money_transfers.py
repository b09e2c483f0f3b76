"""What the transfer page shows: registered payees, and what is left of the limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from provisioning.rules.money_transfer import Account
from provisioning.services import Services
from provisioning.store.money_transfers import moved_today_yen
from provisioning.store.tables import Customer, Payee


@dataclass(frozen=True, slots=True)
class OwnPayee:
    """One registered payee."""

    id: str
    account: Account


@dataclass(frozen=True, slots=True)
class TransferDesk:
    """`left_yen` is what may still be moved today; None where no limit is kept here."""

    payees: tuple[OwnPayee, ...]
    left_yen: int | None


def transfer_desk(services: Services, customer_id: str, now: datetime) -> TransferDesk:
    """Payees in the order of their registration."""
    with services.store.read() as tx:
        rows = tx.scalars(
            select(Payee).where(Payee.customer_id == customer_id).order_by(Payee.registered_at, Payee.id)
        )
        payees = tuple(
            OwnPayee(row.id, Account(row.bank, row.branch, row.account_number, row.holder)) for row in rows
        )
        limit = tx.get_one(Customer, customer_id).transfer_limit_yen
        left = None if limit is None else max(0, limit - moved_today_yen(tx, customer_id, now))
        return TransferDesk(payees, left)
