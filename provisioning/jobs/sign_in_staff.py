"""A member of staff follows a sign-in link."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.jobs.make_sign_in_link import token_hash
from provisioning.services import Services
from provisioning.store.audit import Actor, ActorKind, AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import Staff


@dataclass(frozen=True, slots=True)
class SignInStaffCommand:
    """The token of the link, the address it came from, and whether that address is this very machine."""

    token: str = field(repr=False)
    origin: str
    on_loopback: bool


@dataclass(frozen=True, slots=True)
class SignedInStaff:
    """Who is signed in now; the face opens a session for `staff_id`."""

    staff_id: str
    institution_id: str


@retried
def sign_in_staff(services: Services, command: SignInStaffCommand, now: datetime) -> SignedInStaff:
    """Spend the link (a demonstration's stays good). Raises NotFound, the same for every reason."""
    with services.store.write() as tx:
        staff = tx.scalars(select(Staff).where(Staff.sign_in_hash == token_hash(command.token))).one_or_none()
        if staff is None:
            raise NotFound("sign-in link")
        good = staff.enabled and _spend(tx, services, staff, command, now)
        actor = Actor(ActorKind.STAFF, staff.id, staff.institution_id, staff.branch, command.origin)
        result = "accepted" if good else "refused"
        record(tx, services.audit_key, AuditRecord(now, actor, "follow_sign_in_link", result))
    if not good:
        raise NotFound("sign-in link")
    return SignedInStaff(staff.id, staff.institution_id)


def _spend(tx: Session, services: Services, staff: Staff, command: SignInStaffCommand, now: datetime) -> bool:
    if staff.demo:
        return services.settings.server.demo and command.on_loopback
    unspent = (Staff.id == staff.id, Staff.sign_in_hash == staff.sign_in_hash, Staff.sign_in_expires_at > now)
    statement = update(Staff).where(*unspent).values(sign_in_hash=None, sign_in_expires_at=None)
    return bool(tx.execute(statement).rowcount)  # type: ignore[attr-defined]
