"""Let a disabled member of staff in again: with the passkeys they had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provisioning.errors import WrongState
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
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
        staff = own_row(tx, Staff, command.staff_id, command.institution_id, held=True)
        if staff.enabled:
            raise WrongState("staff", "enabled")
        staff.enabled = True
        facts = {"staff_id": staff.id}
        entry = AuditRecord(now, command.actor, "enable_staff", "enabled", staff.institution_id, facts=facts)
        record(tx, services.audit_key, entry)
