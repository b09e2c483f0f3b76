"""Issue a soft token: credential, ticket, mail, the application's answer and audit row, all or
nothing (BOT001 → BOT003 → BOT002)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from provisioning.errors import BadInput, InputFault
from provisioning.jobs.asked_issuances import soft_token
from provisioning.jobs.fulfil_application import fulfil_application
from provisioning.jobs.limit_issue_mails import refuse_too_many_issue_mails
from provisioning.jobs.needs_approval import acts_of_issuance
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.open_ticket import Recipient, derive_password_key, open_ticket, owe_mail
from provisioning.jobs.spend_approval import Sought, find_grant, spend_approval
from provisioning.mail.addresses import accept_address
from provisioning.mail.texts import read_language
from provisioning.rules.activation_password import read_activation_password
from provisioning.rules.actor import Actor
from provisioning.rules.institution import Institution
from provisioning.rules.setup_code import SetupCode
from provisioning.rules.states import TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Customer, Ticket


@dataclass(frozen=True, slots=True)
class IssueSoftCommand:
    """`mail_address` and `activation_password` as typed (the pairs were compared by the form already)."""

    institution_id: str
    customer_id: str
    mail_address: str = field(repr=False)
    activation_password: str = field(repr=False)
    language: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class IssuedSoft:
    """What BOT002 shows; `setup_code` in the strict profile only, and this once (R20)."""

    credential_id: str
    service_id: str
    user_id: str
    mail_id: str
    setup_code: SetupCode | None = None


@retried
def issue_soft(services: Services, command: IssueSoftCommand, now: datetime) -> IssuedSoft:
    """Issue, and owe the customer the mail; nothing is sent here (R68).

    Raises BadInput (mail_address, activation_password, language, kind), NotFound, TooEarly, AlreadyTaken,
    IssueRestricted, and for staff ApprovalNeeded, ApprovalRefused.
    """
    institution = services.institution(command.institution_id)
    to = Recipient(_address(institution, command), command.language)
    with services.store.read() as session:
        customer = own_row(session, Customer, command.customer_id, command.institution_id)
    ids = (institution.service_id, customer.user_id)
    password = read_activation_password(command.activation_password, command.activation_password, ids)
    key = derive_password_key(services, institution, customer.user_id, password)
    with services.store.write() as tx:
        command = _allowed(tx, services, command, now)
        refuse_too_many_issue_mails(tx, customer.id, command.actor, now)
        credential = open_credential(tx, services, customer, TokenKind.SOFT, now, command.actor)
        ticket = open_ticket(tx, services, credential, key, now)
        mail = owe_mail(tx, services, customer, ticket, to=to, now=now)
        fulfil_application(tx, customer.id, TokenKind.SOFT, now)
        record(tx, services.audit_key, _audit(command, institution, ticket, customer, now))
        shown = key.shown_code(ticket)
    return IssuedSoft(credential.id, *ids, mail.id, shown)


def refuse_without_grant(services: Services, command: IssueSoftCommand, now: datetime) -> None:
    """Before the customer is asked for a password: whether staff may issue this. Raises as `issue_soft`."""
    with services.store.read() as session:
        sought = _sought(session, services, command)
        if sought is not None:
            find_grant(session, services, sought, now)


def _allowed(tx: Session, services: Services, command: IssueSoftCommand, now: datetime) -> IssueSoftCommand:
    """With an actor whom a second person has allowed this, where that is demanded."""
    sought = _sought(tx, services, command)
    return command if sought is None else replace(command, actor=spend_approval(tx, services, sought, now))


def _sought(tx: Session, services: Services, command: IssueSoftCommand) -> Sought | None:
    institution = services.institution(command.institution_id)
    acts = acts_of_issuance(tx, institution, command.customer_id, TokenKind.SOFT)
    if not acts:
        return None
    return Sought(institution.id, command.actor, acts, soft_token(tx, services, command))


def _address(institution: Institution, command: IssueSoftCommand) -> str:
    if not institution.issues(TokenKind.SOFT):
        raise BadInput("kind", InputFault.NOT_OFFERED)
    read_language(command.language)
    return accept_address(command.mail_address, institution.dotted_carrier_domains)


def _audit(
    command: IssueSoftCommand, institution: Institution, ticket: Ticket, customer: Customer, now: datetime
) -> AuditRecord:
    facts = {
        "ticket": ticket.id,
        "expires_at": ticket.expires_at.isoformat(),
        "activation": institution.activation.value,
    }
    return AuditRecord(
        now,
        command.actor,
        "issue_soft",
        "issued",
        command.institution_id,
        customer_id=customer.id,
        credential_id=ticket.credential_id,
        facts=facts,
    )
