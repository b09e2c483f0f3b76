"""Ask a second person to allow an act: it is kept word for word, and nothing is done (R56)."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import AlreadyTaken
from provisioning.jobs.approval_case import record_approval
from provisioning.jobs.asked import Asked
from provisioning.jobs.asked_jobs import RUNS, Askable, tell
from provisioning.rules.actor import Actor
from provisioning.rules.approval import Approval, ApprovalPayload, payload_hash
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import ApprovalRequest, new_id


@retried
def ask_approval(services: Services, command: Askable, now: datetime) -> str:
    """The request's id, for the maker who is the command's actor.

    What could not be done anyhow is refused at once: raises what the job itself raises, and
    AlreadyTaken("approval") where the same is asked for already.
    """
    with services.store.write() as tx:
        asked = tell(tx, services, command)
        row = ask_in(tx, services, command.institution_id, command.actor, asked, now)
        _try(tx, services, command, row, now)
    return row.id


@retried
def ask_for(services: Services, institution_id: str, maker: Actor, asked: Asked, now: datetime) -> str:
    """As `ask_approval`, of what the caller has looked into and will do once it is granted."""
    with services.store.write() as tx:
        return ask_in(tx, services, institution_id, maker, asked, now).id


def ask_in(  # noqa: PLR0917 - one transaction's
    tx: Session, services: Services, institution_id: str, maker: Actor, asked: Asked, now: datetime
) -> ApprovalRequest:
    """As `ask_for`, in a transaction that does something else, too."""
    institution = services.institution(institution_id)
    payload = ApprovalPayload(
        approval_id=new_id(),
        institution_id=institution.id,
        branch=asked.branch,
        job=asked.job,
        arguments=asked.arguments,
        facts=asked.facts,
        maker_id=maker.id,
        maker_origin=maker.origin,
        made_at=now,
        expires_at=now + institution.approval.expires_after,
    )
    encoded = payload.encode()
    same = ("institution_id", "branch", "job", "maker_id", "made_at", "expires_at")
    row = ApprovalRequest(
        id=payload.approval_id,
        **{name: getattr(payload, name) for name in same},
        subject=asked.subject,
        customer_id=asked.customer_id,
        payload=encoded,
        payload_hash=payload_hash(encoded),
    )
    tx.add(row)
    try:
        tx.flush()
    except IntegrityError:
        raise AlreadyTaken("approval") from None
    record_approval(tx, services, row, maker, "ask_approval", row.state.value, now)
    return row


def _try(tx: Session, services: Services, command: Askable, row: ApprovalRequest, now: datetime) -> None:
    """As if it were allowed, and undone."""
    if row.job not in RUNS:
        return
    allowed = dataclasses.replace(command.actor, approval=Approval(row.id, ""))
    with tx.begin_nested() as trial:
        RUNS[row.job].do(tx, services, dataclasses.replace(command, actor=allowed), now)
        trial.rollback()
