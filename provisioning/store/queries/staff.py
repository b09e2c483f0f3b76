"""Members of staff, for sessions and pages."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from provisioning.errors import NotFound
from provisioning.rules.permissions import WHOLE_INSTITUTION, StaffRole
from provisioning.store.engine import Store
from provisioning.store.tables import Staff


@dataclass(frozen=True, slots=True)
class StaffView:
    """One member of staff. `sees_branch` is the only branch they see, or None for all of the institution."""

    id: str
    institution_id: str
    branch: str
    name: str
    role: StaffRole
    enabled: bool
    sees_branch: str | None


def staff_member(store: Store, staff_id: str) -> StaffView:
    """One member of staff. Raises NotFound."""
    with store.read() as session:
        row = session.get(Staff, staff_id)
    if row is None:
        raise NotFound("staff")
    return _view(row)


def staff_of(store: Store, institution_id: str) -> tuple[StaffView, ...]:
    """Everybody of an institution, by branch and name."""
    query = select(Staff).where(Staff.institution_id == institution_id)
    with store.read() as session:
        rows = session.scalars(query.order_by(Staff.branch, Staff.name, Staff.id)).all()
    return tuple(_view(row) for row in rows)


def _view(row: Staff) -> StaffView:
    return StaffView(
        id=row.id,
        institution_id=row.institution_id,
        branch=row.branch,
        name=row.name,
        role=row.role,
        enabled=row.enabled,
        sees_branch=None if row.role in WHOLE_INSTITUTION else row.branch,
    )
