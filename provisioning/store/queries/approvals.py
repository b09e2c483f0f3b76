"""Requests for a second person as the console shows them: what waits, what became of it, one in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, func, or_, select

from provisioning.errors import NotFound
from provisioning.rules.approval import OPEN, ApprovalPayload, ApprovalState, AskedJob, payload_hash
from provisioning.store.engine import Store
from provisioning.store.queries.actors import actor_names
from provisioning.store.tables import ApprovalRequest

LIST_LIMIT: Final = 50
_SAME: Final = (
    *("id", "branch", "job", "customer_id", "maker_id", "made_at", "expires_at", "state", "closed_at", "reason"),
    *("granted_at", "by_demo", "told_at"),
)


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """One request. `arguments` and `facts` are the words that are signed; `digest` is their SHA-256.

    `is_whole` False: somebody changed the words in the database, and there is nothing to show.

    Names are of staff; `maker` is empty for whoever is at the command line.
    """

    id: str
    branch: str | None
    job: AskedJob
    customer_id: str | None
    maker_id: str
    made_at: datetime
    expires_at: datetime
    state: ApprovalState
    closed_at: datetime | None
    reason: str
    granted_at: datetime | None
    by_demo: bool
    told_at: datetime | None
    arguments: Mapping[str, Any]
    facts: Mapping[str, Any]
    is_whole: bool
    digest: bytes
    signature: bytes | None
    maker: str
    approver: str
    closed_by: str

    def stands(self, now: datetime) -> ApprovalState:
        """Its state; one that waited too long has expired, though nobody has closed it yet."""
        is_late = self.state in OPEN and self.expires_at <= now
        return ApprovalState.EXPIRED if is_late else self.state

    def age(self, now: datetime) -> timedelta:
        """How long it has waited, or did wait."""
        return (self.closed_at or now) - self.made_at


@dataclass(frozen=True, slots=True)
class ApprovalFilter:
    """Which requests: of one branch (and of the whole institution), of one maker or customer, open or not.

    `with_customers` False leaves out those about customers; `untold`: whose maker has not seen the outcome.
    """

    branch: str | None = None
    maker_id: str | None = None
    customer_id: str | None = None
    is_open: bool | None = None
    with_customers: bool = True
    untold: bool = False
    limit: int = LIST_LIMIT


def approvals(store: Store, institution_id: str, wanted: ApprovalFilter) -> tuple[ApprovalView, ...]:
    """Open ones the longest waiting first, others the newest outcome first; at most `wanted.limit`."""
    query = _wanted(select(ApprovalRequest), institution_id, wanted)
    order = (ApprovalRequest.closed_at.desc().nulls_first(), ApprovalRequest.made_at, ApprovalRequest.id)
    return _views(store, query.order_by(*order).limit(wanted.limit))


def approval(store: Store, institution_id: str, approval_id: str) -> ApprovalView:
    """One request. Raises NotFound."""
    own = (ApprovalRequest.id == approval_id, ApprovalRequest.institution_id == institution_id)
    found = _views(store, select(ApprovalRequest).where(*own))
    if not found:
        raise NotFound("approval")
    return found[0]


@dataclass(frozen=True, slots=True)
class ApprovalCounts:
    """`waiting`: what an approver may sign; `told`: the maker's own that have an outcome they have not seen."""

    waiting: int
    told: int


def approval_counts(
    store: Store, institution_id: str, sees: ApprovalFilter, staff_id: str, now: datetime
) -> ApprovalCounts:
    """The numbers of the work bar for one member of staff and what they see."""
    waiting = _wanted(select(func.count(ApprovalRequest.id)), institution_id, sees).where(
        ApprovalRequest.state == ApprovalState.WAITING,
        ApprovalRequest.expires_at > now,
        ApprovalRequest.maker_id != staff_id,
    )
    untold = _wanted(
        select(func.count(ApprovalRequest.id)), institution_id, ApprovalFilter(maker_id=staff_id, untold=True)
    )
    both = select(waiting.scalar_subquery(), untold.scalar_subquery())
    with store.read_connection() as connection:
        return ApprovalCounts(*connection.execute(both).one())


def _wanted(query: Select[Any], institution_id: str, wanted: ApprovalFilter) -> Select[Any]:
    row = ApprovalRequest
    query = query.where(row.institution_id == institution_id)
    if wanted.branch is not None:
        query = query.where(or_(row.branch == wanted.branch, row.branch.is_(None)))
    for column, value in ((row.maker_id, wanted.maker_id), (row.customer_id, wanted.customer_id)):
        if value is not None:
            query = query.where(column == value)
    if wanted.is_open is not None:
        query = query.where(row.state.in_(OPEN) if wanted.is_open else row.state.not_in(OPEN))
    if not wanted.with_customers:
        query = query.where(row.customer_id.is_(None), row.job != AskedJob.OPEN_BATCH)
    if wanted.untold:
        query = query.where(row.told_at.is_(None), row.state != ApprovalState.WAITING)
    return query


def _views(store: Store, query: Select[Any]) -> tuple[ApprovalView, ...]:
    with store.read() as session:
        rows = session.scalars(query).all()
        ids = {who for row in rows for who in (row.maker_id, row.approver_id, row.closed_by) if who}
        names = actor_names(session, ids)
        return tuple(_view(row, names) for row in rows)


def _view(row: ApprovalRequest, names: Mapping[str, str]) -> ApprovalView:
    payload = _words(row)
    return ApprovalView(
        **{name: getattr(row, name) for name in _SAME},
        arguments=payload.arguments if payload else {},
        facts=payload.facts if payload else {},
        is_whole=payload is not None,
        digest=row.payload_hash,
        signature=row.signature,
        maker=names.get(row.maker_id, ""),
        approver=names.get(row.approver_id or "", ""),
        closed_by=names.get(row.closed_by or "", ""),
    )


def _words(row: ApprovalRequest) -> ApprovalPayload | None:
    if payload_hash(row.payload) != row.payload_hash:
        return None
    try:
        return ApprovalPayload.decode(row.payload)
    except ValueError:
        return None
