"""Close tickets for ever, and with them every secret they kept (R17)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from provisioning.store.journal import changed_rows
from provisioning.store.tables import MailState, OutboxMail, Ticket, TicketState


def close_ticket(tx: Session, ticket_id: str, state: TicketState, now: datetime) -> bool:
    """Bring an open ticket into `state` (VOID or EXPIRED). False if it was not open any more."""
    still_open = update(Ticket).where(Ticket.id == ticket_id, Ticket.state == TicketState.OPEN)
    return changed_rows(tx, still_open.values(state=state, sealed_password_key=None, closed_at=now)) == 1


def usable_ticket(tx: Session, credential_id: str) -> Ticket | None:
    """The credential's ticket that is open or spent; there is at most one."""
    usable = select(Ticket).where(
        Ticket.credential_id == credential_id, Ticket.state.in_((TicketState.OPEN, TicketState.SPENT))
    )
    return tx.scalars(usable).one_or_none()


def void_tickets(tx: Session, credential_id: str, now: datetime) -> None:
    """Whatever tickets the credential has open are void."""
    still_open = update(Ticket).where(Ticket.credential_id == credential_id, Ticket.state == TicketState.OPEN)
    tx.execute(still_open.values(state=TicketState.VOID, closed_at=now))


def forget_secrets(tx: Session, credential_id: str) -> None:
    """What the credential's tickets still keep: the app will not fetch its seed again (R17, R21)."""
    of_credential = update(Ticket).where(Ticket.credential_id == credential_id)
    tx.execute(of_credential.values(sealed_password_key=None, answer=None, app_key_thumbprint=None))


def cancel_mails(tx: Session, credential_id: str) -> None:
    """Mails about the credential that nobody has begun to send stay unsent."""
    waiting = update(OutboxMail).where(
        OutboxMail.credential_id == credential_id, OutboxMail.state == MailState.QUEUED
    )
    tx.execute(waiting.values(state=MailState.CANCELLED))
