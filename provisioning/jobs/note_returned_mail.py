"""A mail that was sent came back: note that it was not delivered (R68). It never changes a credential."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from provisioning.errors import NotFound
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.tables import MailState, OutboxMail


@dataclass(frozen=True, slots=True)
class NoteReturnedMailCommand:
    """`status` is the enhanced status code of the report."""

    mail_id: str
    status: str
    actor: Actor


@retried
def note_returned_mail(services: Services, command: NoteReturnedMailCommand, now: datetime) -> None:
    """SENT → FAILED; a mail in any other state stays as it is. Raises NotFound."""
    with services.store.write() as tx:
        mail = tx.get(OutboxMail, command.mail_id)
        if mail is None:
            raise NotFound("mail")
        sent = update(OutboxMail).where(OutboxMail.id == mail.id, OutboxMail.state == MailState.SENT)
        if not changed_rows(tx, sent.values(state=MailState.FAILED, last_reply=command.status)):
            return
        entry = AuditRecord(
            now,
            command.actor,
            "mail_returned",
            MailState.FAILED.value,
            mail.institution_id,
            customer_id=mail.customer_id,
            credential_id=mail.credential_id,
            facts={"mail": mail.id, "kind": mail.kind.value, "reply": command.status},
        )
        record(tx, services.audit_key, entry)
