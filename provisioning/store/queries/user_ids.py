"""Customers by the user IDs that somebody typed or scanned."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from provisioning.store.engine import Store
from provisioning.store.tables import Customer


def customers_by_user_id(
    store: Store, institution_id: str, branch: str | None, user_ids: Collection[str]
) -> dict[str, str]:
    """Row ids by user ID; those that are nobody's of the institution (or the branch) are missing."""
    query = select(Customer.user_id, Customer.id).where(
        Customer.institution_id == institution_id, Customer.user_id.in_(user_ids)
    )
    if branch is not None:
        query = query.where(Customer.branch == branch)
    with store.read() as session:
        return dict(session.execute(query).all())
