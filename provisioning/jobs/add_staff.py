"""Enter a member of staff; they make their passkey on the page of a link (invite_staff)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provisioning.errors import BadInput, InputFault
from provisioning.rules.actor import Actor
from provisioning.rules.names import read_name
from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import Staff


@dataclass(frozen=True, slots=True)
class AddStaffCommand:
    """`demo` accounts sign in by a reusable link; only a demonstration may have them (R77)."""

    institution_id: str
    branch: str
    name: str
    role: StaffRole
    actor: Actor
    demo: bool = False


@retried
def add_staff(services: Services, command: AddStaffCommand, now: datetime) -> str:
    """The new row's id. Raises BadInput for an empty name, an unknown branch, a demo account in production."""
    institution = services.institution(command.institution_id)
    name = read_name(command.name)
    if command.branch not in institution.branches:
        raise BadInput("branch", InputFault.NOT_OFFERED)
    if command.demo and not services.settings.server.demo:
        raise BadInput("demo", InputFault.NOT_OFFERED)
    with services.store.write() as tx:
        staff = Staff(
            institution_id=institution.id,
            branch=command.branch,
            name=name,
            role=command.role,
            demo=command.demo,
            created_at=now,
        )
        tx.add(staff)
        tx.flush()
        facts = {"staff_id": staff.id, "role": command.role.value, "branch": command.branch}
        record(
            tx,
            services.audit_key,
            AuditRecord(now, command.actor, "add_staff", "added", institution.id, facts=facts),
        )
    return staff.id
