"""A passkey that was made on an invitation: what a second person is told of it before it opens anything."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.jobs.asked import Asked
from provisioning.rules.approval import AskedJob
from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.store.tables import Passkey, Staff

if TYPE_CHECKING:
    from provisioning.jobs.confirm_passkey import ConfirmPasskeyCommand


def new_passkey(tx: Session, services: Services, command: ConfirmPasskeyCommand) -> Asked:
    """Whose it is to be, the number on the screen on which it was made, and the key itself. Raises NotFound.

    Tellers are known at their branch; whoever else is new may be the first of theirs there.
    """
    staff, key = waiting_passkey(tx, command.institution_id, command.staff_id, command.passkey_id)
    signing = select(func.count()).where(Passkey.staff_id == staff.id, Passkey.confirmation_code.is_(None))
    facts = {
        "staff": staff.name,
        "role": staff.role.value,
        "branch": staff.branch,
        "confirmation_code": key.confirmation_code,
        "other_passkeys": tx.scalar(signing) or 0,
        "key_sha256": sha256(key.public_key).hexdigest(),
    }
    branch = staff.branch if staff.role is StaffRole.TELLER else None
    arguments = {"staff_id": staff.id, "passkey_id": key.id}
    return Asked(AskedJob.CONFIRM_PASSKEY, f"passkey {key.id}", branch, arguments, facts)


def waiting_passkey(tx: Session, institution_id: str, staff_id: str, passkey_id: str) -> tuple[Staff, Passkey]:
    """Raises NotFound unless it is theirs, they may sign in, and it waits."""
    staff, key = tx.get(Staff, staff_id), tx.get(Passkey, passkey_id)
    if staff is None or staff.institution_id != institution_id or not staff.enabled:
        raise NotFound("staff")
    if key is None or key.staff_id != staff.id or key.confirmation_code is None:
        raise NotFound("passkey")
    return staff, key
