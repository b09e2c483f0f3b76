"""Somebody outside tries one customer's codes and passwords for as long as they like; the branch helps the
customer all the same, and helping opens no door (R11, R12, R13, R15).
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import PASSWORD
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.portal.conftest import MovableClock
from tests.portal.visitor import BASE, Visitor
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.test_customer_acts import page_of

pytestmark = sqlite_only

SIGN_IN, CODE = "/portal/sign-in/dual", "/portal/sign-in-code"
LIMIT = 5
OUTSIDE = {"REMOTE_ADDR": "198.51.100.7"}


@dataclass
class Attack:
    """The attacker's browser, at another address than the customer's; they have the login password."""

    app: Flask
    customer: Customer
    clock: MovableClock

    def browser(self) -> Visitor:
        """A fresh one."""
        browser = Visitor(self.app)
        browser.client.environ_base |= OUTSIDE
        return browser

    def codes(self, *otps: str) -> Visitor:
        """Sign in by password, then these codes, one after another, as far as anybody listens."""
        browser = self.browser().get(SIGN_IN)
        browser.submit(SIGN_IN, login_id=self.customer.login_id, password=PASSWORD)
        for otp in otps:
            if browser.path != CODE:
                break
            browser.submit(CODE, otp=otp)
        return browser

    def passwords(self, count: int) -> list[int]:
        """So many wrong login passwords; the statuses of the answers."""
        browser, statuses = self.browser(), []
        for _ in range(count):
            browser.get(SIGN_IN).submit(SIGN_IN, login_id=self.customer.login_id, password="guessed")
            statuses.append(browser.answer.status_code)
        return statuses


@pytest.fixture
def attack(app: Flask, customer_a: Customer, clock: MovableClock) -> Attack:
    return Attack(app, customer_a, clock)


@pytest.fixture
def token(services: Services, customer_a: Customer, clock: MovableClock) -> Token:
    return give_token(services, customer_a, clock())


def judged(services: Services) -> int:
    """How many codes were compared and found wrong, by the log."""
    with services.store.read() as tx:
        return len([one for one in tx.scalars(select(AuditEntry)) if one.facts.get("reason") == "wrong"])


def help_at(desk: Colleague, customer: Customer, act: str) -> None:
    """A teller opens the customer's page and does it there."""
    desk.get(page_of(customer)).press(page_of(customer) + act)
    assert desk.path.startswith("/staff/acts/")


def test_wrong_codes_without_end(
    services: Services, attack: Attack, token: Token, customer_a: Customer, clock: MovableClock, at_desk: AtDesk
) -> None:
    for helped in (1, 2):
        shown = token.code(clock(), later_steps=30)  # seen over a shoulder, and not yet good
        attack.codes(*[token.wrong(clock())] * (LIMIT - 1), shown, *[token.wrong(clock())] * 20)
        assert judged(services) == helped * LIMIT
        assert attack.codes(token.code(clock())).path == SIGN_IN  # suspended: not even the right one
        assert read_credential(services, token).state is CredentialState.SUSPENDED
        clock.advance(minutes=1)
        help_at(at_desk(), customer_a, "lift")
        row = read_credential(services, token)
        assert (row.state, row.failures) == (CredentialState.ACTIVE, 0)
        inside = Visitor(attack.app).get(SIGN_IN)
        inside.submit(SIGN_IN, login_id=customer_a.login_id, password=PASSWORD)
        inside.submit(CODE, otp=token.code(clock()))
        assert inside.path == "/portal/"
        # what the customer has just used serves nobody else
        assert attack.codes(token.code(clock())).path == CODE
        clock.advance(hours=1)


def test_wrong_passwords_without_end(
    services: Services, attack: Attack, token: Token, customer_a: Customer, clock: MovableClock, at_desk: AtDesk
) -> None:
    statuses = attack.passwords(40)
    assert statuses[-1] == 429
    assert set(statuses) == {303, 429}
    locked = Visitor(attack.app).get(SIGN_IN)
    locked.submit(SIGN_IN, login_id=customer_a.login_id, password=PASSWORD)
    assert locked.path == SIGN_IN
    row = read_credential(services, token)
    assert (row.state, row.failures) == (CredentialState.ACTIVE, 0)
    help_at(at_desk(), customer_a, "unlock")
    inside = Visitor(attack.app).get(SIGN_IN)
    inside.submit(SIGN_IN, login_id=customer_a.login_id, password=PASSWORD)
    assert inside.path == CODE
    inside.submit(CODE, otp=token.code(clock()))
    assert inside.path == "/portal/"
    assert 429 in attack.passwords(1)


def test_a_teller_of_another_branch_helps_nobody_here(
    services: Services, attack: Attack, token: Token, customer_a: Customer, clock: MovableClock, at_desk: AtDesk
) -> None:
    attack.codes(*[token.wrong(clock())] * LIMIT)
    elsewhere = at_desk(branch="駅前支店").get(page_of(customer_a))
    assert elsewhere.page.status_code == 404
    answer = elsewhere.client.post(f"{page_of(customer_a)}lift", base_url=BASE, headers={"Referer": BASE})
    assert answer.status_code in (400, 404)
    assert read_credential(services, token).state is CredentialState.SUSPENDED
