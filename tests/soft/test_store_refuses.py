"""A database locked, full or refusing half-way: issued, re-sent and set up wholly or not at all (R71)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from provisioning.errors import StoreUnavailable
from provisioning.jobs.cancel_issuance import CancelIssuanceCommand, cancel_issuance
from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Credential, Customer, OutboxMail, Ticket, TicketState
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer
from tests.fixtures.refusals import full_disk, locked, refused_rows
from tests.soft.conftest import app_for
from tests.soft.independent_client import IndependentClient
from tests.soft.issuing import credential, issue, ticket
from tests.soft.serving import MovableClock, Served, served
from tests.soft.trying import refusal

REFUSALS = (StoreUnavailable, IntegrityError, sqlite3.IntegrityError)
TABLES = (Credential, Ticket, OutboxMail, AuditEntry)


def everything(services: Services) -> list[Mapping[str, object]]:
    """Every row about tokens, in order."""
    with services.store.read() as session:
        found = [row for table in TABLES for row in session.scalars(select(table).order_by(table.id))]
        return [{column.name: getattr(row, column.name) for column in row.__table__.columns} for row in found]


def _resend(services: Services, issued: IssuedSoft, now: datetime) -> object:
    return resend_issue_mail(services, ResendIssueMailCommand("dual", issued.credential_id, "ja", SYSTEM), now)


def _cancel(services: Services, issued: IssuedSoft, now: datetime) -> object:
    cancel_issuance(services, CancelIssuanceCommand("dual", issued.credential_id, SYSTEM), now)
    return None


@pytest.mark.parametrize(
    ("table", "condition"),
    [("ticket", "true"), ("outbox_mail", "true"), ("audit_entry", "NEW.act = 'issue_soft'")],
)
def test_no_token_without_its_ticket_its_mail_and_its_audit_row(
    services: Services, customer_a: Customer, now: datetime, table: str, condition: str
) -> None:
    with refused_rows(services, table, condition), pytest.raises(REFUSALS):
        issue(services, customer_a, now)
    assert everything(services) == []
    issue(services, customer_a, now)


@pytest.mark.parametrize(
    ("act", "table", "condition"),
    [
        (_resend, "ticket", "true"),
        (_resend, "outbox_mail", "true"),
        (_resend, "audit_entry", "true"),
        (_cancel, "audit_entry", "true"),
    ],
)
def test_what_is_refused_half_way_leaves_the_issuance_as_it_was(
    services: Services,
    customer_a: Customer,
    now: datetime,
    act: Callable[[Services, IssuedSoft, datetime], object],
    table: str,
    condition: str,
) -> None:
    issued = issue(services, customer_a, now)
    before = everything(services)
    with refused_rows(services, table, condition), pytest.raises(REFUSALS):
        act(services, issued, now)
    assert everything(services) == before
    act(services, issued, now)


def test_no_seed_without_its_audit_row(
    server: Served, issued: IssuedSoft, client: IndependentClient, clock: MovableClock
) -> None:
    with refused_rows(server.services, "audit_entry"):
        assert refusal(client.set_up)[0] in (500, 503)
    row, one = credential(server.services, issued.credential_id), ticket(server.services, issued.credential_id)
    assert (row.state, row.sealed_seed, row.seed_version) == (CredentialState.ISSUED, None, 0)
    assert (one.state, one.answer, one.app_key_thumbprint) == (TicketState.OPEN, None, None)
    assert one.sealed_password_key is not None
    client.set_up()


def test_a_locked_database_issues_and_sets_up_nothing(
    services: Services, impatient: Services, customer_a: Customer, customer_b: Customer, clock: MovableClock
) -> None:
    issued = issue(services, customer_a, clock())
    before = everything(services)
    with served(impatient, clock) as one:
        client = app_for(one, issued)
        with locked(services.settings.store.url):
            with pytest.raises(StoreUnavailable) as refused:
                issue(impatient, customer_b, clock())
            assert refused.value.fault == "locked"
            assert refusal(client.set_up) == (503, {"error": "unavailable"})
        unlike = [row for row in everything(services) if row not in before]
        assert [(row["state"], row["sealed_password_key"] is not None) for row in unlike] in (
            [],
            [(TicketState.OPEN, True)],  # PostgreSQL locks tables: the try itself was counted
        )
        client.set_up()
    issue(services, customer_b, clock())


@sqlite_only
def test_a_full_disk_issues_wholly_or_not_at_all(services: Services, now: datetime) -> None:
    customers = [add_customer(services, f"12345678{number:04}") for number in range(60)]
    with full_disk(services) as cramped:
        made = _issue_until_refused(cramped, customers, now)
        with served(cramped, MovableClock(now)) as one:
            waiting = customers[made]
            address = {"service_id": "10112231", "user_id": waiting.user_id}
            begun = httpx.post(one.url("/api/app/v1/begin"), json=address, timeout=30)
            assert begun.status_code == 200  # looking needs no room
    rows = everything(services)
    assert [sum(row.keys() == _columns(table) for row in rows) for table in TABLES] == [made, made, made, 2 * made]
    issue(services, customers[made], now)


def _issue_until_refused(services: Services, customers: list[Customer], now: datetime) -> int:
    for made, customer in enumerate(customers):
        try:
            issue(services, customer, now)
        except StoreUnavailable as refused:
            return made if refused.fault == "full" else -1
    return -1


def _columns(table: type[Credential | Ticket | OutboxMail | AuditEntry]) -> set[str]:
    return {column.name for column in table.__table__.columns}


@sqlite_only
def test_a_full_disk_draws_no_seed(services: Services, clock: MovableClock) -> None:
    issued = [issue(services, add_customer(services, f"12345678{n:04}"), clock()) for n in range(40)]
    with full_disk(services) as cramped, served(cramped, clock) as one:
        done = _set_up_until_refused(one, issued, clock)
    states = [credential(services, each.credential_id).state for each in issued]
    assert states == [CredentialState.SET_UP] * done + [CredentialState.ISSUED] * (40 - done)
    with served(services, clock) as one:
        app_for(one, issued[done]).set_up()


def _set_up_until_refused(server: Served, issued: list[IssuedSoft], clock: MovableClock) -> int:
    for done, one in enumerate(issued):
        clock.advance(minutes=1)
        client = app_for(server, one)
        answer = httpx.post(server.url("/api/app/v1/complete"), json=client.request(client.begin()), timeout=30)
        if answer.status_code != 200:
            assert (answer.status_code, answer.json()) == (503, {"error": "unavailable"})
            return done
    raise AssertionError("the disk never was full")
