"""A batch that a second person allowed as a whole: every fob of it is reserved by that approval."""

from __future__ import annotations

import dataclasses

from sqlalchemy.orm import Session

from provisioning.rules.actor import Actor
from provisioning.rules.approval import Approval
from provisioning.store.tables import ApprovalRequest, Batch


def allowed_by(tx: Session, batch: Batch, actor: Actor) -> Actor:
    """`actor`, with the approval that the batch was opened by, if it was."""
    request = None if batch.approval_id is None else tx.get_one(ApprovalRequest, batch.approval_id)
    if request is None or request.approver_id is None:
        return actor
    return dataclasses.replace(actor, approval=Approval(request.id, request.approver_id, request.by_demo))
