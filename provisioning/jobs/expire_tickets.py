"""Close tickets whose time is up and forget what they kept: one step of the worker (R17, R20)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update

from provisioning.jobs.close_ticket import close_ticket
from provisioning.rules.actor import SYSTEM
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import ActivationCount, Credential, Ticket, TicketState

_COUNTS_KEPT: Final = timedelta(days=2)
"""Days begin earlier in Japan than in UTC; two days is past the end of any of them."""


@retried
def expire_tickets(services: Services, now: datetime) -> int:
    """How many open tickets expired. Answers kept for a retry go with their ticket's time, too."""
    with services.store.write() as tx:
        over = select(Ticket, Credential.customer_id).join(Credential, Credential.id == Ticket.credential_id)
        over = over.where(Ticket.state == TicketState.OPEN, Ticket.expires_at <= now)
        expired = [row for row in tx.execute(over).all() if close_ticket(tx, row[0].id, TicketState.EXPIRED, now)]
        for ticket, customer_id in expired:
            record(tx, services.audit_key, _audit(ticket, customer_id, now))
        spent = update(Ticket).where(Ticket.state == TicketState.SPENT, Ticket.expires_at <= now)
        tx.execute(spent.where(Ticket.answer.is_not(None)).values(answer=None, app_key_thumbprint=None))
        tx.execute(delete(ActivationCount).where(ActivationCount.day < (now - _COUNTS_KEPT).date().isoformat()))
    return len(expired)


def _audit(ticket: Ticket, customer_id: str, now: datetime) -> AuditRecord:
    return AuditRecord(
        now,
        SYSTEM,
        "expire_ticket",
        "expired",
        ticket.institution_id,
        customer_id=customer_id,
        credential_id=ticket.credential_id,
        facts={"ticket": ticket.id},
    )
