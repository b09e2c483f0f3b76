"""Open a ticket for a credential and owe the customer the mail about it, inside the issuing transaction."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from provisioning.jobs.ticket_box import address_box, app_salt, password_key_context, ticket_box
from provisioning.rules.app_proof import password_key
from provisioning.rules.institution import Institution
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.setup_code import ALPHABET, LENGTH, SetupCode
from provisioning.services import Services
from provisioning.store.address_box import address_columns
from provisioning.store.tables import Credential, Customer, MailState, OutboxMail, Ticket, TicketState, new_id


@dataclass(frozen=True, slots=True)
class PasswordKey:
    """The derived activation password with what it was derived by. The password itself is gone by now.

    `setup_code` was drawn for it in the strict profile (R20); nothing keeps it.
    """

    key: bytes = field(repr=False)
    salt: bytes
    iterations: int
    setup_code: str | None = field(default=None, repr=False)

    def shown_code(self, ticket: Ticket) -> SetupCode | None:
        """The set-up code to show once, with the life of its ticket."""
        return None if self.setup_code is None else SetupCode(self.setup_code, ticket.expires_at)


def derive_password_key(services: Services, institution: Institution, user_id: str, password: str) -> PasswordKey:
    """From the activation password, in the strict profile with a fresh set-up code.

    Slow on purpose: call it before the transaction begins.
    """
    salt = app_salt(ticket_box(services), institution.service_id, user_id)
    iterations = services.settings.app.pbkdf2_iterations
    code = _draw_code() if institution.needs_setup_code else None
    return PasswordKey(password_key(password, salt, iterations, code), salt, iterations, code)


def _draw_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def open_ticket(
    tx: Session, services: Services, credential: Credential, key: PasswordKey, now: datetime, *, attempts: int = 0
) -> Ticket:
    """A ticket for `credential`, which must have no usable one. `attempts` are those already made on this key."""
    ticket_id = new_id()
    ticket = Ticket(
        id=ticket_id,
        institution_id=credential.institution_id,
        credential_id=credential.id,
        state=TicketState.OPEN,
        salt=key.salt,
        iterations=key.iterations,
        sealed_password_key=ticket_box(services).seal(key.key, password_key_context(ticket_id)),
        attempts=attempts,
        issued_at=now,
        expires_at=now + services.institution(credential.institution_id).ticket_life,
    )
    tx.add(ticket)
    tx.flush()
    return ticket


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where the mail goes (an accepted address) and in which language."""

    address: str = field(repr=False)
    language: str


def owe_mail(
    tx: Session, services: Services, customer: Customer, ticket: Ticket, *, to: Recipient, now: datetime
) -> OutboxMail:
    """The mail トークン発行のご案内 about `ticket`, to be sent by the worker."""
    mail = OutboxMail(
        institution_id=customer.institution_id,
        customer_id=customer.id,
        credential_id=ticket.credential_id,
        ticket_id=ticket.id,
        kind=MailKind.TOKEN_ISSUED,
        language=to.language,
        **address_columns(address_box(services).seal(to.address, customer.institution_id)),
        facts={"user_id": customer.user_id, "expires_at": ticket.expires_at.isoformat()},
        state=MailState.QUEUED,
        queued_at=now,
        next_attempt_at=now,
    )
    tx.add(mail)
    tx.flush()
    return mail
