"""Let a disabled member of staff in again: with the passkeys they had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provisioning.errors import NotFound, WrongState
from provisioning.services import Services
from provisioning.store.audit import Actor, AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import Staff


@dataclass(frozen=True, slots=True)
class EnableStaffCommand:
    """Whom."""

    institution_id: str
    staff_id: str
    actor: Actor


@retried
def enable_staff(services: Services, command: EnableStaffCommand, now: datetime) -> None:
    """Enable. Raises NotFound, WrongState if they are not disabled, or for oneself."""
    with services.store.write() as tx:
        staff = tx.get(Staff, command.staff_id, with_for_update=True)
        if staff is None or staff.institution_id != command.institution_id:
            raise NotFound("staff")
        if staff.enabled:
            raise WrongState("staff", "enabled")
        staff.enabled = True
        facts = {"staff_id": staff.id}
        entry = AuditRecord(now, command.actor, "enable_staff", "enabled", staff.institution_id, facts=facts)
        record(tx, services.audit_key, entry)
