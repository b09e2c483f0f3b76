"""A passkey that was made on an invitation opens the console once a second person has seen who made it.

Whoever made the invitation could have followed it. So the screen on which the passkey was made shows a number that
the server drew, and an approver signs that the person in question showed it to them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from provisioning.errors import ApprovalNeeded
from provisioning.jobs.asked_staff import waiting_passkey
from provisioning.rules.actor import Actor
from provisioning.rules.approval import ApprovedAct
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record

_CODE_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class ConfirmPasskeyCommand:
    """Whose, and which; `actor` made the invitation."""

    institution_id: str
    staff_id: str
    passkey_id: str
    actor: Actor


def draw_confirmation_code() -> str:
    """Drawn, not computed from the key: nobody can make a key to a number that they have seen."""
    return f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}d}"


def confirm_in(tx: Session, services: Services, command: ConfirmPasskeyCommand, now: datetime) -> None:
    """It signs from now on. Raises NotFound, ApprovalNeeded."""
    if command.actor.approval is None:
        raise ApprovalNeeded((ApprovedAct.ENROL_STAFF.value,))
    staff, key = waiting_passkey(tx, command.institution_id, command.staff_id, command.passkey_id)
    key.confirmation_code = None
    facts = {"staff_id": staff.id, "passkey_id": key.id}
    entry = AuditRecord(now, command.actor, "confirm_passkey", "confirmed", staff.institution_id, facts=facts)
    record(tx, services.audit_key, entry)
