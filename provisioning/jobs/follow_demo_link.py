"""Somebody at a demonstration's own machine follows one of its links."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from provisioning.errors import NotFound
from provisioning.jobs.acting_staff import acting
from provisioning.jobs.make_demo_link import demo_link_hash
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import Staff


@dataclass(frozen=True, slots=True)
class FollowDemoLinkCommand:
    """The token of the link, the address it came from, and whether that address is this very machine."""

    token: str = field(repr=False)
    origin: str
    on_loopback: bool


@retried
def follow_demo_link(services: Services, command: FollowDemoLinkCommand, now: datetime) -> str:
    """The id of who is signed in now. Raises NotFound, the same for every reason."""
    with services.store.write() as tx:
        staff = tx.scalar(select(Staff).where(Staff.sign_in_hash == demo_link_hash(command.token)))
        if staff is None:
            raise NotFound("demo link")
        good = staff.enabled and staff.demo and services.settings.server.demo and command.on_loopback
        actor = acting(staff, command.origin)
        result = "accepted" if good else "refused"
        record(tx, services.audit_key, AuditRecord(now, actor, "follow_demo_link", result))
    if not good:
        raise NotFound("demo link")
    return staff.id
