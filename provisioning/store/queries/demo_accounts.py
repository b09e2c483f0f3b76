"""Accounts that only a demonstration may have (R77)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from provisioning.store.tables import BankClient, Staff

if TYPE_CHECKING:
    from provisioning.services import Services


def find_demo_accounts(services: Services) -> tuple[str, ...]:
    """Names of staff who sign in by a reusable link, and of keys that serve every institution."""
    with services.store.read() as tx:
        staff = tx.scalars(select(Staff.name).where(Staff.demo, Staff.enabled)).all()
        clients = tx.scalars(
            select(BankClient.name).where(BankClient.institution_id.is_(None), BankClient.revoked_at.is_(None))
        ).all()
    return (*staff, *clients)
