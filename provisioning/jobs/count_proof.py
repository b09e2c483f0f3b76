"""Count one try of the app before anything of it is looked at, in a transaction of its own (R19).

Counted are the ticket's tries in total, and the day's by customer, by source address and by service,
whether or not such a customer exists. A right proof gives the day's counts back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, select, text, update
from sqlalchemy.orm import Session

from provisioning.errors import TooManyToday
from provisioning.jobs.alert import alert
from provisioning.jobs.app_nonce import spend_nonce
from provisioning.jobs.ticket_box import ticket_box
from provisioning.rules.actor import Actor
from provisioning.rules.app_proof import listed
from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState
from provisioning.rules.subscriber import subscriber
from provisioning.rules.timetable import japan_day
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.tables import ActivationCount, Credential, Customer, Ticket, TicketState

_SERVICE: Final = "service"
"""A whole institution's day is full: somebody tries one password at many customers."""
_FIRST_OF_DAY: Final = text(
    "INSERT INTO activation_count (subject, day, failures) VALUES (:subject, :day, 0) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Try:
    """One try: the IDs, the nonce with its expiry, and where it came from."""

    service_id: str
    user_id: str
    nonce: str
    nonce_expires_at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True)
class Found:
    """The customer's usable ticket as it was when the try was counted; `counted` if the try may open it."""

    ticket_id: str
    credential_id: str
    customer_id: str
    institution_id: str
    state: TicketState
    credential_state: CredentialState
    expires_at: datetime
    sealed_password_key: bytes | None = field(repr=False)
    answer: bytes | None = field(repr=False)
    app_key_thumbprint: str | None
    tries: int
    counted: bool


@retried
def count_proof(services: Services, one: Try, now: datetime) -> Found | None:
    """Spend the nonce, count the try, commit; then tell which ticket it is for, if any.

    Raises NonceUnusable if the nonce was used, TooManyToday (and then counts nothing).
    """
    with services.store.write() as tx:
        spend_nonce(tx, one.nonce, one.nonce_expires_at)
        full = _count_day(tx, services, one, now)
        found = _count_ticket(tx, services, one, now)
    if _SERVICE in full:
        institution = _institution(services, one)
        alert("day_full", institution=institution.id if institution else "none")
    return found


def find_again(services: Services, one: Try) -> Found | None:
    """The ticket as it is now; nothing is counted."""
    with services.store.read() as session:
        row = session.execute(_usable_ticket(_institution(services, one), one)).first()
    return _found(row, counted=False)


def uncount_day(tx: Session, services: Services, one: Try, now: datetime) -> None:
    """Give the day's counts back within the caller's transaction: the try was no failure."""
    of_day = (ActivationCount.day == japan_day(now), ActivationCount.failures > 0)
    for subject in _subjects(services, one):
        less = update(ActivationCount).where(ActivationCount.subject == subject.key, *of_day)
        tx.execute(less.values(failures=ActivationCount.failures - 1))


@dataclass(frozen=True, slots=True)
class _Subject:
    name: str
    key: bytes
    most: int


def _subjects(services: Services, one: Try) -> Iterable[_Subject]:
    """Always in this order, so that two tries never wait for each other in a circle."""
    limits, box = services.settings.app, ticket_box(services)
    named = (
        ("customer", (one.service_id, one.user_id), limits.wrong_a_day_per_customer),
        ("source", (subscriber(one.actor.origin),), limits.wrong_a_day_per_source),
        (_SERVICE, (one.service_id,), limits.wrong_a_day_per_service),
    )
    return [_Subject(name, box.hash(listed(("day", name, *key))), most) for name, key, most in named]


def _count_day(tx: Session, services: Services, one: Try, now: datetime) -> list[str]:
    """Names of what may not be tried any more today. Raises TooManyToday."""
    full = []
    for subject in _subjects(services, one):
        tx.execute(_FIRST_OF_DAY, {"subject": subject.key, "day": japan_day(now)})
        of_day = (ActivationCount.subject == subject.key, ActivationCount.day == japan_day(now))
        more = update(ActivationCount).where(*of_day, ActivationCount.failures < subject.most)
        more = more.values(failures=ActivationCount.failures + 1).returning(ActivationCount.failures)
        failures = tx.scalar(more.execution_options(synchronize_session=False))
        if failures is None:
            raise TooManyToday
        if failures == subject.most:
            facts = {"subject": subject.name, "service_id": one.service_id, "alert": subject.name == _SERVICE}
            record(tx, services.audit_key, AuditRecord(now, one.actor, "app_complete", "day_full", facts=facts))
            full.append(subject.name)
    return full


def _count_ticket(tx: Session, services: Services, one: Try, now: datetime) -> Found | None:
    """The same two statements for everybody, so that their time does not tell who has a ticket (R09)."""
    institution = _institution(services, one)
    most = institution.activation_password_failures if institution else 0
    usable = _usable_ticket(institution, one)
    the_ticket = Ticket.id == usable.with_only_columns(Ticket.id).scalar_subquery()
    counted = changed_rows(
        tx, update(Ticket).where(the_ticket, _may_try(most, now)).values(attempts=Ticket.attempts + 1)
    )
    return _found(tx.execute(usable).first(), counted=counted == 1)


def _institution(services: Services, one: Try) -> Institution | None:
    return next((i for i in services.institutions.values() if i.service_id == one.service_id), None)


def _usable_ticket(institution: Institution | None, one: Try) -> Select[*tuple[Any, ...]]:
    """The customer's ticket that is open or spent: the successor's, if there is one, before the token's in use.

    Its columns, of `Found`'s names: an object of the mapper would take time that tells who has a ticket (R09).
    """
    return (
        select(
            Ticket.id.label("ticket_id"),
            Ticket.credential_id,
            Credential.customer_id,
            Ticket.institution_id,
            Ticket.state,
            Credential.state.label("credential_state"),
            Ticket.expires_at,
            Ticket.sealed_password_key,
            Ticket.answer,
            Ticket.app_key_thumbprint,
            Ticket.attempts.label("tries"),
        )
        .join(Credential, Credential.id == Ticket.credential_id)
        .join(Customer, Customer.id == Credential.customer_id)
        .where(Customer.institution_id == (institution.id if institution else ""), Customer.user_id == one.user_id)
        .where(Ticket.state.in_((TicketState.OPEN, TicketState.SPENT)), Credential.state != CredentialState.ENDED)
        .order_by(Credential.slot.desc())
        .limit(1)
    )


def _found(row: Row[*tuple[Any, ...]] | None, *, counted: bool) -> Found | None:
    return None if row is None else Found(**row._mapping, counted=counted)


def _may_try(most: int, now: datetime) -> ColumnElement[bool]:
    return (Ticket.state == TicketState.OPEN) & (Ticket.attempts < most) & (Ticket.expires_at > now)
