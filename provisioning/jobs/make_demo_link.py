"""A demonstration's accounts have reusable links to sign in with; nothing else has."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from provisioning.errors import NotFound
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import Staff

DEMO_PATH: Final = "/staff/sign-in/demo/"
_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class MakeDemoLinkCommand:
    """For whom; a new link voids the one before it."""

    staff_id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class DemoLink:
    """`path` is to be put behind the demonstration's own address."""

    path: str = field(repr=False)


@retried
def make_demo_link(services: Services, command: MakeDemoLinkCommand, now: datetime) -> DemoLink:
    """A fresh link. Raises NotFound for an account that is no demonstration's, and outside of one."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with services.store.write() as tx:
        staff = tx.get(Staff, command.staff_id)
        if staff is None or not (staff.enabled and staff.demo and services.settings.server.demo):
            raise NotFound("staff")
        staff.sign_in_hash = demo_link_hash(token)
        facts = {"staff_id": staff.id}
        entry = AuditRecord(now, command.actor, "make_demo_link", "made", staff.institution_id, facts=facts)
        record(tx, services.audit_key, entry)
    return DemoLink(DEMO_PATH + token)


def demo_link_hash(token: str) -> bytes:
    """What is stored of a link's token: its SHA-256 (the token has 256 random bits)."""
    return sha256(token.encode()).digest()
