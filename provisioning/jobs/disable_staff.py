"""Shut a member of staff out: nothing of theirs opens any more, and every session is gone at once (R55)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete

from provisioning.errors import WrongState
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import SessionKind, Staff, StaffInvitation, WebSession


@dataclass(frozen=True, slots=True)
class DisableStaffCommand:
    """Whom."""

    institution_id: str
    staff_id: str
    actor: Actor


@retried
def disable_staff(services: Services, command: DisableStaffCommand, now: datetime) -> None:
    """Disable, and end the sessions in the same transaction. Raises NotFound, WrongState if done before and
    for oneself."""
    with services.store.write() as tx:
        staff = own_row(tx, Staff, command.staff_id, command.institution_id, held=True)
        if not staff.enabled:
            raise WrongState("staff", "disabled")
        if staff.id == command.actor.id:
            raise WrongState("staff", "oneself")
        staff.enabled = False
        staff.sign_in_hash = None
        tx.execute(delete(StaffInvitation).where(StaffInvitation.staff_id == staff.id))
        own = (WebSession.kind == SessionKind.STAFF, WebSession.subject_id == staff.id)
        tx.execute(delete(WebSession).where(*own))
        facts = {"staff_id": staff.id}
        record(
            tx,
            services.audit_key,
            AuditRecord(now, command.actor, "disable_staff", "disabled", staff.institution_id, facts=facts),
        )
