"""Lift a suspension (利用停止解除): staff, after checking the situation. Time alone never does (R12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from provisioning.errors import WrongState
from provisioning.jobs.needs_approval import refuse_without_approval
from provisioning.jobs.needs_paper import refuse_without_paper
from provisioning.rules.actor import Actor
from provisioning.rules.approval import ApprovedAct
from provisioning.rules.papers import PaperKind
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential


@dataclass(frozen=True, slots=True)
class LiftSuspensionCommand:
    """One suspended credential."""

    institution_id: str
    credential_id: str
    actor: Actor


@retried
def lift_suspension(services: Services, command: LiftSuspensionCommand, now: datetime) -> CredentialState:
    """Back to where it was suspended, with no failures counted; says where.

    Raises NotFound, WrongState, PaperNeeded, ApprovalNeeded.
    """
    with services.store.write() as tx:
        return lift_alone(tx, services, command, now)


def lift_alone(tx: Session, services: Services, command: LiftSuspensionCommand, now: datetime) -> CredentialState:
    """As `lift_suspension`, in a transaction that does more than this."""
    institution = services.institution(command.institution_id)
    refuse_without_paper(institution, PaperKind.SUSPENSION, command.actor)
    refuse_without_approval(institution, command.actor, ApprovedAct.LIFT_SUSPENSION)
    return lift_in(tx, services, command, now)


def lift_in(tx: Session, services: Services, command: LiftSuspensionCommand, now: datetime) -> CredentialState:
    """As `lift_suspension`, in a transaction that has the paper and the approval, or needs none."""
    credential = own_row(tx, Credential, command.credential_id, command.institution_id)
    lifted = update(Credential).where(
        Credential.id == credential.id, Credential.state == CredentialState.SUSPENDED
    )
    values = {"state": Credential.resume_state, "resume_state": None, "suspended_at": None, "failures": 0}
    if not changed_rows(tx, lifted.values(values)):
        tx.refresh(credential)  # somebody else may have lifted it since it was read
        raise WrongState("credential", credential.state.value)
    tx.refresh(credential)
    entry = AuditRecord(
        now,
        command.actor,
        "lift_suspension",
        credential.state.value,
        credential.institution_id,
        credential.customer_id,
        credential.id,
        credential.fob_id,
    )
    record(tx, services.audit_key, entry)
    return credential.state
