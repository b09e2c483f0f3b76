"""End one session of a member of staff: by themselves from another device, or by an administrator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete

from provisioning.errors import NotFound
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import SessionKind, Staff, WebSession


@dataclass(frozen=True, slots=True)
class EndStaffSessionCommand:
    """Which of `staff_id`'s, by the name that their list gives it; the actor is they or an administrator."""

    staff_id: str
    session: str
    actor: Actor


@retried
def end_staff_session(services: Services, command: EndStaffSessionCommand, now: datetime) -> None:
    """It is over with the next request. Raises NotFound."""
    try:
        id_hash = bytes.fromhex(command.session)
    except ValueError:
        raise NotFound("session") from None
    with services.store.write() as tx:
        staff = own_row(tx, Staff, command.staff_id, command.actor.institution_id)
        theirs = (WebSession.kind == SessionKind.STAFF, WebSession.subject_id == staff.id)
        ended = tx.scalars(
            delete(WebSession).where(WebSession.id_hash == id_hash, *theirs).returning(WebSession.id_hash)
        )
        if not ended.all():
            raise NotFound("session")
        facts = {"staff_id": staff.id}
        entry = AuditRecord(now, command.actor, "end_session", "ended", staff.institution_id, facts=facts)
        record(tx, services.audit_key, entry)
