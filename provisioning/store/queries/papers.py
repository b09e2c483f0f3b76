"""Paper requests as the console shows them: what waits, one in full, and a customer's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select

from provisioning.errors import NotFound
from provisioning.rules.papers import IdentityCheck, PaperAct, PaperKind, PaperState
from provisioning.store.engine import Store
from provisioning.store.queries.actors import actor_names
from provisioning.store.tables import Customer, PaperRequest

LIST_LIMIT: Final = 50
_SAME: Final = (
    *("id", "kind", "form_number", "identity_check", "note", "taken_at", "state", "act", "refusal", "closed_at"),
)


@dataclass(frozen=True, slots=True)
class PaperView:
    """One request. `taken_by` and `closed_by` are names of staff, empty for a bank's own system."""

    id: str
    kind: PaperKind
    form_number: str
    identity_check: IdentityCheck
    note: str
    taken_at: datetime
    state: PaperState
    act: PaperAct | None
    refusal: str
    closed_at: datetime | None
    taken_by: str
    closed_by: str
    customer_id: str
    customer_name: str
    user_id: str


@dataclass(frozen=True, slots=True)
class PaperFilter:
    """Which requests: of one branch's customers, of one customer, without an outcome or with one."""

    branch: str | None = None
    customer_id: str | None = None
    is_open: bool | None = None
    limit: int = LIST_LIMIT


def papers(store: Store, institution_id: str, wanted: PaperFilter) -> tuple[PaperView, ...]:
    """Open ones the longest waiting first, others the newest outcome first; at most `wanted.limit`."""
    query = _all(institution_id)
    if wanted.branch is not None:
        query = query.where(Customer.branch == wanted.branch)
    if wanted.customer_id is not None:
        query = query.where(PaperRequest.customer_id == wanted.customer_id)
    if wanted.is_open is not None:
        is_open = PaperRequest.state == PaperState.OPEN
        query = query.where(is_open if wanted.is_open else ~is_open)
    order = (PaperRequest.closed_at.desc().nulls_first(), PaperRequest.taken_at, PaperRequest.id)
    return _views(store, query.order_by(*order).limit(wanted.limit))


def paper(store: Store, institution_id: str, paper_id: str) -> PaperView:
    """One request. Raises NotFound."""
    found = _views(store, _all(institution_id).where(PaperRequest.id == paper_id))
    if not found:
        raise NotFound("paper")
    return found[0]


def _all(institution_id: str) -> Select[PaperRequest, Customer]:
    whose = select(PaperRequest, Customer).join(Customer, Customer.id == PaperRequest.customer_id)
    return whose.where(PaperRequest.institution_id == institution_id)


def _views(store: Store, query: Select[PaperRequest, Customer]) -> tuple[PaperView, ...]:
    with store.read() as session:
        rows = session.execute(query).all()
        ids = {actor for row, _ in rows for actor in (row.taken_by, row.closed_by) if actor is not None}
        names = actor_names(session, ids)
        return tuple(_view(row, customer, names) for row, customer in rows)


def _view(row: PaperRequest, customer: Customer, names: Any) -> PaperView:
    return PaperView(
        **{name: getattr(row, name) for name in _SAME},
        taken_by=names.get(row.taken_by, ""),
        closed_by=names.get(row.closed_by or "", ""),
        customer_id=customer.id,
        customer_name=customer.name,
        user_id=customer.user_id,
    )
