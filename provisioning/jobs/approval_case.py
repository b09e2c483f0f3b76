"""What the acts on a request for approval have in common: finding it, closing it, the audit row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from provisioning.errors import NotFound, WrongState
from provisioning.rules.actor import Actor
from provisioning.rules.approval import OPEN, ApprovalState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.tables import ApprovalRequest


def find_request(tx: Session, institution_id: str, approval_id: str) -> ApprovalRequest:
    """The row, held until the transaction ends. Raises NotFound, also for another institution's (R58)."""
    row = tx.get(ApprovalRequest, approval_id, with_for_update=True, populate_existing=True)
    if row is None or row.institution_id != institution_id:
        raise NotFound("approval")
    return row


def refuse_closed(row: ApprovalRequest, now: datetime, *states: ApprovalState) -> None:
    """Raises WrongState("approval") unless the request is in one of `states` and in time."""
    if row.state not in states:
        raise WrongState("approval", row.state.value)
    if row.state in OPEN and row.expires_at <= now:
        raise WrongState("approval", ApprovalState.EXPIRED.value)


def close_request(row: ApprovalRequest, state: ApprovalState, by: str | None, reason: str, now: datetime) -> None:
    """It has its outcome, for ever."""
    row.state, row.closed_at, row.closed_by, row.reason = state, now, by, reason


def record_approval(  # noqa: PLR0917 - one line for each act
    tx: Session, services: Services, row: ApprovalRequest, actor: Actor, act: str, result: str, now: datetime,
    **facts: Any,
) -> None:  # fmt: skip
    """One audit row about the request; whoever follows a customer's life finds it there."""
    told = {
        "approval_id": row.id,
        "job": row.job.value,
        "maker": row.maker_id,
        "payload_sha256": row.payload_hash.hex(),
    }
    entry = AuditRecord(now, actor, act, result, row.institution_id, row.customer_id, facts=told | facts)
    record(tx, services.audit_key, entry)
