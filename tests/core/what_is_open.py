"""What may still be open around a credential when it ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from provisioning.rules.mail_kind import MailKind
from provisioning.rules.states import JobKind, JobState
from provisioning.services import Services
from provisioning.store.tables import Fob, MailState, OutboxMail, ProgrammingJob, Ticket, TicketState
from tests.fixtures.tokens import Token


def add_job_ticket_mail(services: Services, token: Token, fob: Fob, now: datetime) -> tuple[str, str, str]:
    """A write under way, an open ticket and a queued mail; their ids."""
    job = ProgrammingJob(
        institution_id="dual",
        kind=JobKind.PROGRAM,
        state=JobState.WRITING,
        fob_id=fob.id,
        credential_id=token.credential_id,
        requested_by="test",
        queued_at=now,
    )
    ticket = Ticket(
        institution_id="dual",
        credential_id=token.credential_id,
        state=TicketState.OPEN,
        salt=bytes(16),
        iterations=1000,
        sealed_password_key=b"key",
        issued_at=now,
        expires_at=now + timedelta(days=1),
    )
    mail = OutboxMail(
        institution_id="dual",
        customer_id=token.customer_id,
        credential_id=token.credential_id,
        kind=MailKind.TOKEN_ISSUED,
        language="ja",
        sealed_address=b"address",
        address_hash=bytes(32),
        address_key_id="address-1",
        facts={},
        state=MailState.QUEUED,
        queued_at=now,
        next_attempt_at=now,
    )
    with services.store.write() as tx:
        tx.add_all((job, ticket, mail))
    return job.id, ticket.id, mail.id
