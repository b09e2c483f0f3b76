"""Steps that several tests share: issuing a soft token, and looking at what the database keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from provisioning.jobs.issue_soft import IssuedSoft, IssueSoftCommand, issue_soft
from provisioning.rules.institution import Activation, Institution
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Credential, Customer, OutboxMail, Ticket
from tests.fixtures.people import customer_actor

ACTIVATION_PASSWORD = "483926"
MAIL_ADDRESS = "taro@mihon.example"


def strict(institutions: Mapping[str, Institution]) -> dict[str, Institution]:
    """The same institutions, with `dual` under the strict activation profile."""
    profile = replace(institutions["dual"], activation=Activation.STRICT, ticket_life=timedelta(minutes=10))
    return {**institutions, "dual": profile}


def issue(services: Services, customer: Customer, now: datetime, **changes: Any) -> IssuedSoft:
    """Issue a soft token to `customer`, as the portal does; `changes` replace fields of the command."""
    command = IssueSoftCommand(
        institution_id=customer.institution_id,
        customer_id=customer.id,
        mail_address=MAIL_ADDRESS,
        activation_password=ACTIVATION_PASSWORD,
        language="ja",
        actor=customer_actor(customer),
    )
    return issue_soft(services, replace(command, **changes), now)


def tickets(services: Services, credential_id: str) -> list[Ticket]:
    """The credential's tickets, oldest first."""
    with services.store.read() as session:
        query = select(Ticket).where(Ticket.credential_id == credential_id).order_by(Ticket.issued_at)
        return list(session.scalars(query))


def ticket(services: Services, credential_id: str) -> Ticket:
    """The credential's only ticket."""
    (one,) = tickets(services, credential_id)
    return one


def credential(services: Services, credential_id: str) -> Credential:
    """The credential as it stands."""
    with services.store.read() as session:
        return session.get_one(Credential, credential_id)


def mails(services: Services, credential_id: str) -> list[OutboxMail]:
    """The credential's mails, oldest first."""
    with services.store.read() as session:
        query = select(OutboxMail).where(OutboxMail.credential_id == credential_id).order_by(OutboxMail.queued_at)
        return list(session.scalars(query))


def acts(services: Services) -> list[tuple[str, str]]:
    """Every audit row's act and result, in order."""
    with services.store.read() as session:
        rows = session.execute(select(AuditEntry.act, AuditEntry.result).order_by(AuditEntry.id))
        return [(act, result) for act, result in rows]


def facts(services: Services, act: str, result: str) -> list[dict[str, Any]]:
    """What stands in the audit rows of an act with this result, in order."""
    rows = select(AuditEntry.facts).where(AuditEntry.act == act, AuditEntry.result == result)
    with services.store.read() as session:
        return list(session.scalars(rows.order_by(AuditEntry.id)))
