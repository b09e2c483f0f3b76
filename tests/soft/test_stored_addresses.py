"""The address of an issuance mail is the customer's once the app was set up with it, and not before (R75, R66)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.actor import SYSTEM
from provisioning.rules.address_use import AddressUse
from provisioning.rules.states import EndedHow
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.addresses import owed, stored_addresses
from tests.fixtures.databases import sqlite_only
from tests.soft.conftest import app_for
from tests.soft.issuing import MAIL_ADDRESS, issue
from tests.soft.serving import MovableClock, Served


def address_of(services: Services, customer: Customer) -> list[str]:
    assert services.addresses is not None
    rows = stored_addresses(services, customer)
    return [services.addresses.open(row) for row in rows]


def test_setting_up_the_app_confirms_the_address(
    server: Served, issued: IssuedSoft, customer_a: Customer, clock: MovableClock
) -> None:
    assert stored_addresses(server.services, customer_a) == []
    app_for(server, issued).set_up()
    (row,) = stored_addresses(server.services, customer_a)
    assert (row.use, row.confirmed_at, row.retired_at) == (AddressUse.TOKEN, clock(), None)
    assert address_of(server.services, customer_a) == [MAIL_ADDRESS]


@sqlite_only
def test_a_mistyped_address_is_never_stored(
    server: Served, issued: IssuedSoft, customer_a: Customer, clock: MovableClock
) -> None:
    command = ResendIssueMailCommand(
        "dual", issued.credential_id, None, SYSTEM, mail_address="hanako@mihon.example"
    )
    resend_issue_mail(server.services, command, clock())
    app_for(server, issued).set_up()
    assert address_of(server.services, customer_a) == ["hanako@mihon.example"]


@sqlite_only
def test_an_unconfirmed_address_gets_the_issuance_mail_alone(
    services: Services, issued: IssuedSoft, customer_a: Customer, clock: MovableClock
) -> None:
    revoke(services, RevokeCommand("dual", issued.credential_id, EndedHow.REVOKED, SYSTEM), clock())
    assert [mail.kind.value for mail in owed(services, customer_a)] == ["token_issued"]


@sqlite_only
def test_the_next_tokens_address_takes_the_place_of_the_last_ones(
    server: Served, issued: IssuedSoft, customer_a: Customer, clock: MovableClock
) -> None:
    app_for(server, issued).set_up()
    revoke(server.services, RevokeCommand("dual", issued.credential_id, EndedHow.REVOKED, SYSTEM), clock())
    clock.now += timedelta(days=1)
    app_for(server, issue(server.services, customer_a, clock(), mail_address="new@mihon.example")).set_up()
    before, after = stored_addresses(server.services, customer_a)
    assert (before.retired_at, after.retired_at) == (clock() - timedelta(days=1), None)


def test_the_database_holds_no_address(server: Served, issued: IssuedSoft) -> None:
    app_for(server, issued).set_up()
    with server.services.store.read() as tx:
        rows = tx.execute(text("SELECT sealed_address, address_hash FROM customer_address")).all()
    assert rows
    assert not any(b"mihon" in bytes(value) for row in rows for value in row)
