"""Give a member of staff a link on which they make a passkey: their first, or one after a loss."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import delete

from provisioning.errors import NotFound, WrongState
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import Staff, StaffInvitation

INVITATION_LIFE: Final = timedelta(hours=1)
INVITATION_PATH: Final = "/staff/welcome/#"
"""The token stands behind the mark: browsers send it to no server, so that no log of requests has it."""
_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class InviteStaffCommand:
    """Whom. A new link voids the one before it."""

    staff_id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Invitation:
    """`path` (to be put behind the server's own address) is as good as a passkey, once, until `expires_at`."""

    path: str = field(repr=False)
    expires_at: datetime


@retried
def invite_staff(services: Services, command: InviteStaffCommand, now: datetime) -> Invitation:
    """A fresh link.

    Raises NotFound for whoever is unknown, disabled or of another institution than an administrator who asks,
    WrongState for oneself.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with services.store.write() as tx:
        # held: of two links at once the later is good, and none is left to whoever is disabled meanwhile
        staff = tx.get(Staff, command.staff_id, with_for_update=True)
        if staff is None or not staff.enabled or command.actor.institution_id not in (None, staff.institution_id):
            raise NotFound("staff")
        if command.actor.id == staff.id:
            raise WrongState("staff", "oneself")
        tx.execute(delete(StaffInvitation).where(StaffInvitation.staff_id == staff.id))
        made = StaffInvitation(
            staff_id=staff.id,
            token_hash=invitation_hash(token),
            expires_at=now + INVITATION_LIFE,
            invited_by=command.actor.id,
        )
        tx.add(made)
        entry = AuditRecord(
            now, command.actor, "invite_staff", "made", staff.institution_id, facts={"staff_id": staff.id}
        )
        record(tx, services.audit_key, entry)
    return Invitation(INVITATION_PATH + token, made.expires_at)


def invitation_hash(token: str) -> bytes:
    """What is stored of a link's token: its SHA-256 (the token has 256 random bits)."""
    return sha256(token.encode()).digest()
