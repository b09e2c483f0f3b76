"""A request for approval comes to nothing: refused by an approver, withdrawn by its maker, or nobody was there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import ApprovalFault, ApprovalRefused, BadInput, InputFault, NotFound
from provisioning.jobs.approval_case import close_request, find_request, record_approval, refuse_closed
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.approval import OPEN, ApprovalState
from provisioning.rules.papers import read_line
from provisioning.rules.permissions import StaffAct, allows
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import ApprovalRequest, Staff


@dataclass(frozen=True, slots=True)
class RefuseApprovalCommand:
    """`objection` (one line): why not, for the maker."""

    institution_id: str
    approval_id: str
    objection: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class ApprovalCommand:
    """An act of the maker's on one request."""

    institution_id: str
    approval_id: str
    actor: Actor


@retried
def refuse_approval(services: Services, command: RefuseApprovalCommand, now: datetime) -> None:
    """Close it with nothing done.

    Raises BadInput("objection"), NotFound (also for another branch's), ApprovalRefused, WrongState("approval").
    """
    objection = read_line(command.objection, "objection")
    if not objection:
        raise BadInput("objection", InputFault.MISSING)
    with services.store.write() as tx:
        row = find_request(tx, command.institution_id, command.approval_id)
        approver = tx.get(Staff, command.actor.id)
        if approver is None or row.branch not in (None, approver.branch):
            raise NotFound("approval")
        if not approver.enabled or not allows(approver.role, StaffAct.APPROVE):
            raise ApprovalRefused(ApprovalFault.NOT_APPROVER)
        if approver.id == row.maker_id:
            raise ApprovalRefused(ApprovalFault.OWN)
        refuse_closed(row, now, ApprovalState.WAITING)
        close_request(row, ApprovalState.REFUSED, approver.id, objection, now)
        record_approval(tx, services, row, command.actor, "refuse_approval", "refused", now, reason=objection)


@retried
def withdraw_approval(services: Services, command: ApprovalCommand, now: datetime) -> None:
    """The maker does without. Raises NotFound for anybody else, WrongState("approval")."""
    with services.store.write() as tx:
        row = _own(tx, command)
        refuse_closed(row, now, *OPEN)
        close_request(row, ApprovalState.WITHDRAWN, command.actor.id, "", now)
        row.told_at = now
        record_approval(tx, services, row, command.actor, "withdraw_approval", "withdrawn", now)


@retried
def note_told(services: Services, command: ApprovalCommand, now: datetime) -> None:
    """The maker has seen what became of it. Raises NotFound."""
    with services.store.write() as tx:
        row = _own(tx, command)
        if row.told_at is None and row.state is not ApprovalState.WAITING:
            row.told_at = now


def expire_approvals(services: Services, now: datetime) -> int:
    """Close what waited too long, each in a transaction of its own; answers how many. Run by the worker."""
    overdue = select(ApprovalRequest.id).where(ApprovalRequest.state.in_(OPEN), ApprovalRequest.expires_at <= now)
    with services.store.read() as session:
        ids = session.scalars(overdue).all()
    return sum(_expire(services, approval_id, now) for approval_id in ids)


@retried
def _expire(services: Services, approval_id: str, now: datetime) -> bool:
    with services.store.write() as tx:
        row = tx.get(ApprovalRequest, approval_id, with_for_update=True, populate_existing=True)
        # asked again: it may have been allowed since
        if row is None or row.state not in OPEN:
            return False
        close_request(row, ApprovalState.EXPIRED, None, "", now)
        row.told_at = None
        record_approval(tx, services, row, SYSTEM, "expire_approval", "expired", now)
        return True


def _own(tx: Session, command: ApprovalCommand) -> ApprovalRequest:
    row = find_request(tx, command.institution_id, command.approval_id)
    if row.maker_id != command.actor.id:
        raise NotFound("approval")
    return row
