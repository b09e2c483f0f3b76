"""Addresses that are not needed any more are erased on schedule, in every copy (R67)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text

from provisioning.jobs.erase_addresses import erase_addresses
from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.actor import SYSTEM
from provisioning.rules.address_use import AddressUse
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.services import Services
from provisioning.store.queries.mails import MailFilter, mails
from provisioning.store.queries.own_standing import own_standing
from provisioning.store.tables import Customer
from tests.fixtures.addresses import deliver, owed, store_address, stored_addresses
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import LOGIN, ask, use_mail_password
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import give_token
from tests.soft.conftest import app_for
from tests.soft.issuing import issue
from tests.soft.serving import MovableClock, Served

SECOND = timedelta(seconds=1)


def test_some_days_after_the_tokens_end_nothing_of_the_address_is_left(
    server: Served, issued: IssuedSoft, customer_a: Customer, clock: MovableClock
) -> None:
    services = server.services
    app_for(server, issued).set_up()
    revoke(services, RevokeCommand("dual", issued.credential_id, EndedHow.REVOKED, SYSTEM), clock())
    deliver(services, clock())
    due = clock() + DUAL.keep_address
    assert erase_addresses(services, due - SECOND) == 0
    assert erase_addresses(services, due) == 1
    assert stored_addresses(services, customer_a) == []
    with services.store.read() as tx:
        copies = tx.execute(text("SELECT sealed_address, address_hash FROM outbox_mail")).all()
    assert {bytes(value) for row in copies for value in row} == {b""}
    assert {mail.masked_address for mail in mails(services, "dual", MailFilter())} == {"***"}


@sqlite_only
def test_an_address_in_use_stays(
    server: Served, issued: IssuedSoft, customer_a: Customer, clock: MovableClock
) -> None:
    app_for(server, issued).set_up()
    deliver(server.services, clock())
    assert erase_addresses(server.services, clock() + 10 * DUAL.keep_address) == 0
    (mail,) = owed(server.services, customer_a)
    assert mail.sealed_address


@sqlite_only
def test_a_mail_that_may_be_sent_again_keeps_its_address(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    deliver(services, now)
    later = now + DUAL.keep_address
    erase_addresses(services, later)
    again = ResendIssueMailCommand("dual", issued.credential_id, None, SYSTEM, activation_password="592748")
    resend_issue_mail(services, again, later)
    assert [mail.recipient for mail in deliver(services, later)] == ["taro@mihon.example"]


@sqlite_only
def test_an_address_never_confirmed_goes_with_its_password(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    entered = store_address(services, customer_a, "new@mihon.example", AddressUse.NOTICES, confirmed_at=None)
    ask(services, customer_a, now, LOGIN, address_id=entered)
    assert erase_addresses(services, now + DUAL.keep_address) == 1
    assert not owed(services, customer_a)[0].sealed_address


@sqlite_only
def test_the_mail_passwords_address_stays_while_it_is_used(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    use_mail_password(services, customer_a)
    assert erase_addresses(services, now + 10 * DUAL.keep_address) == 0
    assert ask(services, customer_a, now + 10 * DUAL.keep_address)


@sqlite_only
def test_pages_bear_with_what_was_erased(services: Services, customer_a: Customer, now: datetime) -> None:
    issued = issue(services, customer_a, now)
    deliver(services, now)
    revoke(services, RevokeCommand("dual", issued.credential_id, EndedHow.REVOKED, SYSTEM), now)
    erase_addresses(services, now + DUAL.keep_address)
    give_token(services, customer_a, now + DUAL.keep_address, CredentialState.SET_UP)
    assert own_standing(services, "dual", customer_a.id) is not None
