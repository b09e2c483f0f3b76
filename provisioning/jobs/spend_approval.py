"""A granted approval is spent by the maker's own act, in its transaction: where the maker has to bring what nobody
keeps for them (a file, a passphrase, the customer's password).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from provisioning.errors import ApprovalFault, ApprovalNeeded, ApprovalRefused
from provisioning.jobs.asked import Asked
from provisioning.jobs.needs_approval import refuse_without_approval
from provisioning.rules.actor import Actor
from provisioning.rules.approval import Approval, ApprovalPayload, ApprovalState, ApprovedAct, payload_hash
from provisioning.services import Services
from provisioning.store.journal import changed_rows
from provisioning.store.tables import ApprovalRequest


@dataclass(frozen=True, slots=True)
class Sought:
    """An act that `actor` is about to do, and what it amounts to; `asked` is what would have to be allowed."""

    institution_id: str
    actor: Actor
    acts: tuple[ApprovedAct, ...]
    asked: Asked


def find_grant(tx: Session, services: Services, sought: Sought, now: datetime) -> ApprovalRequest | None:
    """The approval that allows it; None where nobody has to.

    Raises ApprovalNeeded without one, ApprovalRefused(MOVED_ON) if it was given for something else than this.
    """
    try:
        refuse_without_approval(services.institution(sought.institution_id), sought.actor, *sought.acts)
    except ApprovalNeeded:
        granted = find_grant_of(tx, sought, now)
        if granted is None:
            raise
        return granted
    return None


def find_grant_of(tx: Session, sought: Sought, now: datetime) -> ApprovalRequest | None:
    """What the maker was granted for this, whoever demands it; None without one. Raises ApprovalRefused."""
    granted = tx.scalars(_granted(sought, now)).one_or_none()
    if granted is not None:
        _compare(granted, sought.asked)
    return granted


def spend_approval(tx: Session, services: Services, sought: Sought, now: datetime) -> Actor:
    """The actor, allowed to do it: because nobody has to, or by an approval that is spent with this.

    Raises as `find_grant`.
    """
    granted = find_grant(tx, services, sought, now)
    return sought.actor if granted is None else spend_grant(tx, granted, sought, now)


def spend_grant(tx: Session, granted: ApprovalRequest, sought: Sought, now: datetime) -> Actor:
    """The actor, allowed by what is spent with this. Raises ApprovalRefused if another act was first."""
    spent = update(ApprovalRequest).where(
        ApprovalRequest.id == granted.id, ApprovalRequest.state == ApprovalState.GRANTED
    )
    # of any number of acts at once one finds it unspent
    if not changed_rows(tx, spent.values(state=ApprovalState.DONE, closed_at=now, told_at=now)):
        raise ApprovalRefused(ApprovalFault.MOVED_ON)
    approval = Approval(granted.id, granted.approver_id or "", granted.by_demo)
    return dataclasses.replace(sought.actor, approval=approval)


def _granted(sought: Sought, now: datetime) -> Select[ApprovalRequest]:
    return select(ApprovalRequest).where(
        ApprovalRequest.institution_id == sought.institution_id,
        ApprovalRequest.subject == sought.asked.subject,
        ApprovalRequest.job == sought.asked.job,
        ApprovalRequest.maker_id == sought.actor.id,
        ApprovalRequest.state == ApprovalState.GRANTED,
        ApprovalRequest.approver_id.is_not(None),
        ApprovalRequest.expires_at > now,
    )


def _compare(granted: ApprovalRequest, asked: Asked) -> None:
    written, allowed = asked.as_written(), ApprovalPayload.decode(granted.payload)
    if payload_hash(granted.payload) != granted.payload_hash:
        raise ApprovalRefused(ApprovalFault.CHANGED)
    if (allowed.arguments, allowed.facts) != (written.arguments, written.facts):
        raise ApprovalRefused(ApprovalFault.MOVED_ON)
