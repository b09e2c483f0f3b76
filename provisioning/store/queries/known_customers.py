"""Who is entered already, by the two names that nobody else may have."""

from __future__ import annotations

from sqlalchemy import select

from provisioning.store.engine import Store
from provisioning.store.tables import Customer


def known_customers(store: Store, institution_id: str) -> set[tuple[str, str]]:
    """Login ID and user ID of each."""
    query = select(Customer.login_id, Customer.user_id).where(Customer.institution_id == institution_id)
    with store.read() as session:
        return {(login_id, user_id) for login_id, user_id in session.execute(query)}
