"""Send the mail of an issued soft token again: a new ticket, and the old one is void (R68)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from provisioning.errors import BadInput, InputFault, WrongState
from provisioning.jobs.close_ticket import cancel_mails, close_ticket, usable_ticket
from provisioning.jobs.limit_issue_mails import refuse_too_many_issue_mails
from provisioning.jobs.needs_approval import acts_of_issuance, refuse_without_approval
from provisioning.jobs.open_ticket import PasswordKey, Recipient, derive_password_key, open_ticket, owe_mail
from provisioning.jobs.ticket_box import address_box, password_key_context, ticket_box
from provisioning.mail.addresses import accept_address
from provisioning.mail.texts import read_language
from provisioning.rules.activation_password import read_activation_password
from provisioning.rules.actor import Actor
from provisioning.rules.institution import Institution
from provisioning.rules.setup_code import SetupCode
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential, Customer, OutboxMail, Ticket, TicketState


@dataclass(frozen=True, slots=True)
class ResendIssueMailCommand:
    """None keeps what there is: address and language of the last mail, the activation password of an open ticket.

    A ticket that is void or expired has forgotten its password; the customer then chooses a new one. So
    they do in the strict profile, where a new ticket has a new set-up code and the key is made of both.
    """

    institution_id: str
    credential_id: str
    language: str | None
    actor: Actor
    mail_address: str | None = field(default=None, repr=False)
    activation_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ResentMail:
    """The mail that is owed now; `setup_code` in the strict profile only, and this once (R20)."""

    mail_id: str
    service_id: str
    user_id: str
    setup_code: SetupCode | None = None


@retried
def resend_issue_mail(services: Services, command: ResendIssueMailCommand, now: datetime) -> ResentMail:
    """Replace the ticket and owe the mail again.

    Raises NotFound, WrongState once the app is set up, BadInput: MISSING names `activation_password` where
    the old ticket cannot give it; ApprovalNeeded for staff who would send to another address what was allowed for
    the one before; TooEarly. Tries already made count on where the password stays the same (R19).
    """
    if command.language is not None:
        read_language(command.language)
    institution = services.institution(command.institution_id)
    with services.store.read() as session:
        credential, customer = _waiting(session, command, held=False)
    new_address = command.mail_address
    if new_address is not None:
        new_address = accept_address(new_address, institution.dotted_carrier_domains)
    new_key = _new_key(services, command, institution, customer.user_id)
    with services.store.write() as tx:
        credential, customer = _waiting(tx, command, held=True)
        refuse_too_many_issue_mails(tx, customer.id, command.actor, now)
        old = usable_ticket(tx, credential.id)
        last = _last_recipient(tx, services, credential, old)
        if new_address not in (None, last.address):
            acts = acts_of_issuance(tx, institution, customer.id, TokenKind.SOFT)
            refuse_without_approval(institution, command.actor, *acts)
        to = Recipient(new_address or last.address, command.language or last.language)
        key, attempts = (new_key, 0) if new_key else _kept_key(services, old, now)
        if old is not None:
            close_ticket(tx, old.id, TicketState.VOID, now)
        cancel_mails(tx, credential.id)
        ticket = open_ticket(tx, services, credential, key, now, attempts=attempts)
        mail = owe_mail(tx, services, customer, ticket, to=to, now=now)
        facts = {"instead_of": old.id if old else None, "activation": institution.activation.value}
        record(tx, services.audit_key, _audit(command, customer, ticket, facts, now))
        shown = key.shown_code(ticket)
    return ResentMail(mail.id, institution.service_id, customer.user_id, shown)


def _waiting(tx: Session, command: ResendIssueMailCommand, *, held: bool) -> tuple[Credential, Customer]:
    """The credential whose app is not set up yet, with its customer."""
    credential = own_row(tx, Credential, command.credential_id, command.institution_id, held=held)
    if credential.kind is not TokenKind.SOFT or credential.state is not CredentialState.ISSUED:
        raise WrongState("credential", credential.state.value)
    return credential, tx.get_one(Customer, credential.customer_id)


def _new_key(
    services: Services, command: ResendIssueMailCommand, institution: Institution, user_id: str
) -> PasswordKey | None:
    typed = command.activation_password
    if typed is None and institution.needs_setup_code:
        raise BadInput("activation_password", InputFault.MISSING)
    if typed is None:
        return None
    password = read_activation_password(typed, typed, (institution.service_id, user_id))
    return derive_password_key(services, institution, user_id, password)


def _kept_key(services: Services, old: Ticket | None, now: datetime) -> tuple[PasswordKey, int]:
    """The password key of a ticket that is still open, and how often it was tried."""
    if old is None or old.sealed_password_key is None or now >= old.expires_at:
        raise BadInput("activation_password", InputFault.MISSING)
    key = ticket_box(services).open(old.sealed_password_key, password_key_context(old.id))
    return PasswordKey(key, old.salt, old.iterations), old.attempts


def _last_recipient(tx: Session, services: Services, credential: Credential, ticket: Ticket | None) -> Recipient:
    """Of the ticket's mail, if it still has one: one of before may bear a later time, by a clock set back."""
    last = select(OutboxMail).where(OutboxMail.credential_id == credential.id)
    of_ticket = OutboxMail.ticket_id == ("" if ticket is None else ticket.id)
    newest = (case((of_ticket, 0), else_=1), OutboxMail.queued_at.desc(), OutboxMail.id)
    mail = tx.scalars(last.order_by(*newest).limit(1)).one()
    return Recipient(address_box(services).open(mail), mail.language)


def _audit(
    command: ResendIssueMailCommand,
    customer: Customer,
    ticket: Ticket,
    facts: Mapping[str, str | None],
    now: datetime,
) -> AuditRecord:
    return AuditRecord(
        now,
        command.actor,
        "resend_issue_mail",
        "issued",
        command.institution_id,
        customer_id=customer.id,
        credential_id=command.credential_id,
        facts={
            "ticket": ticket.id,
            "new_address": command.mail_address is not None,
            "new_password": command.activation_password is not None,
            **facts,
        },
    )
