"""Give a member of staff a link to sign in with: good once within ten minutes; a demonstration's stays good."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from provisioning.errors import NotFound
from provisioning.services import Services
from provisioning.store.audit import Actor, AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import Staff

LINK_LIFE: Final = timedelta(minutes=10)
SIGN_IN_PATH: Final = "/staff/sign-in/"
_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class MakeSignInLinkCommand:
    """For whom; a new link voids the one before it."""

    staff_id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class SignInLink:
    """`path` (to be put behind the server's own address) is as good as a password until `expires_at`.

    None: a demonstration's link, reusable for ever.
    """

    path: str = field(repr=False)
    expires_at: datetime | None


@retried
def make_sign_in_link(services: Services, command: MakeSignInLinkCommand, now: datetime) -> SignInLink:
    """A fresh link. Raises NotFound for an unknown or disabled member of staff."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with services.store.write() as tx:
        staff = tx.get(Staff, command.staff_id)
        if staff is None or not staff.enabled:
            raise NotFound("staff")
        staff.sign_in_hash = token_hash(token)
        staff.sign_in_expires_at = None if _reusable(services, staff) else now + LINK_LIFE
        facts = {"staff_id": staff.id}
        record(
            tx,
            services.audit_key,
            AuditRecord(now, command.actor, "make_sign_in_link", "made", staff.institution_id, facts=facts),
        )
    return SignInLink(SIGN_IN_PATH + token, staff.sign_in_expires_at)


def token_hash(token: str) -> bytes:
    """What is stored of a link's token: its SHA-256 (the token has 256 random bits)."""
    return sha256(token.encode()).digest()


def _reusable(services: Services, staff: Staff) -> bool:
    return staff.demo and services.settings.server.demo
