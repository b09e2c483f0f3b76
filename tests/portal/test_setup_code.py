"""The set-up code of the strict activation profile on BOT002 and BOT004 (R20)."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from sqlalchemy import select

from provisioning.rules.institution import Institution
from provisioning.rules.setup_code import ALPHABET
from provisioning.services import Services
from provisioning.store.tables import Customer, WebSession
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.test_soft_token import DONE, ENTRY, GOOD, MISSING, issue
from tests.portal.visitor import Visitor
from tests.soft.issuing import strict

pytestmark = sqlite_only

_SHOWN = re.compile(rf"\b[{ALPHABET}]{{5}} [{ALPHABET}]{{5}}\b")


@pytest.fixture
def institutions(institutions: Mapping[str, Institution]) -> Mapping[str, Institution]:
    """`dual` is strict."""
    return strict(institutions)


def shown_code(browser: Visitor) -> str | None:
    """The code on the page, as shown."""
    found = _SHOWN.search(browser.text)
    return found.group() if found else None


def test_the_code_is_shown_while_its_ticket_lives(
    sign_in: SignIn, customer_a: Customer, clock: MovableClock
) -> None:
    browser = issue(sign_in(customer_a))
    code = shown_code(browser)
    assert code is not None
    assert "12:10 まで、1回だけ" in browser.text
    clock.advance(minutes=9, seconds=59)
    assert shown_code(browser.get(DONE)) == code
    clock.advance(seconds=1)
    assert shown_code(browser.get(DONE)) is None
    assert "もう表示できません" in browser.text


def test_the_code_lies_sealed_in_the_session(sign_in: SignIn, customer_a: Customer, services: Services) -> None:
    code = shown_code(issue(sign_in(customer_a)))
    assert code is not None
    with services.store.read() as tx:
        states = " ".join(str(row.state) for row in tx.scalars(select(WebSession)))
    assert "BOT002" in states
    assert code not in states
    assert code.replace(" ", "") not in states


def test_signing_in_anew_does_not_show_it_again(sign_in: SignIn, customer_a: Customer) -> None:
    assert shown_code(issue(sign_in(customer_a))) is not None
    browser = sign_in(customer_a).get(DONE)
    assert browser.path == DONE
    assert shown_code(browser) is None
    assert "もう表示できません" in browser.text


def test_a_resend_takes_a_new_password_and_shows_a_new_code(sign_in: SignIn, customer_a: Customer) -> None:
    browser = issue(sign_in(customer_a))
    first = shown_code(browser)
    browser.get(MISSING)
    assert "新しい利用開始パスワードを決めてください" in browser.text
    assert shown_code(browser) is None
    change = {"activation_password": "739182", "activation_password_again": "739182"}
    browser.submit(f"{MISSING}change", **change, confirmation_password=CONFIRMATION_PASSWORD)
    assert browser.path == DONE
    second = shown_code(browser)
    assert second is not None
    assert second != first
    assert GOOD["mail_address"] in browser.text


def test_another_address_alone_is_no_resend(sign_in: SignIn, customer_a: Customer) -> None:
    browser = issue(sign_in(customer_a)).get(MISSING)
    address = dict.fromkeys(("mail_address", "mail_address_again"), "hanako@sample.example")
    browser.submit(f"{MISSING}change", **address, confirmation_password=CONFIRMATION_PASSWORD)
    assert browser.path == MISSING
    assert "利用開始パスワードを入力してください" in browser.text


def test_a_code_is_nothing_that_others_see(sign_in: SignIn, customer_a: Customer, customer_b: Customer) -> None:
    issue(sign_in(customer_a))
    assert shown_code(sign_in(customer_b).get(DONE)) is None
    assert shown_code(sign_in(customer_b).get(ENTRY)) is None
