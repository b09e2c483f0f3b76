"""The pages that only a step before leads to, filled in by somebody who means harm (R60): checks, the way in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from flask import Flask

from provisioning.rules.institution import Institution
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import use_mail_password
from tests.fixtures.people import PASSWORD, add_customer
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import Visitor
from tests.staff.test_hostile_forms import attack_page

pytestmark = sqlite_only

TWICE = {"mail_address": "new@mihon.example", "mail_address_again": "new@mihon.example"}
CHOSEN = {"activation_password": "482193", "activation_password_again": "482193"}
ACCOUNT = {"bank": "見本銀行", "branch": "本店", "account_number": "1234567", "holder": "ミホン タロウ"}
# the page before, what is typed there, and the page that follows
CHECKS: dict[str, tuple[str, dict[str, str], str]] = {
    "BOT003": ("/portal/token/soft/", TWICE | CHOSEN, "/portal/token/soft/check"),
    "BTR002": (
        "/portal/transfer/",
        ACCOUNT | {"payee": "other", "amount_yen": "30000"},
        "/portal/transfer/check",
    ),
    "BMP002": ("/portal/mail-password/", TWICE, "/portal/mail-password/check"),
    "BCI002": ("/portal/information/", TWICE, "/portal/information/check"),
    "BOH002": ("/portal/token/hard/", {}, "/portal/token/hard/done"),
}


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """One with passwords by mail."""
    return {DUAL.id: replace(DUAL, mail_password=True)}


@pytest.mark.parametrize("screen", CHECKS)
def test_checks(sign_in: SignIn, services: Services, screen: str) -> None:
    customer = add_customer(services, "999800000077", transfer_limit_yen=1_000_000)
    if screen in ("BOT003", "BTR002"):  # which ask for more then
        use_mail_password(services, customer)
    before, typed, page = CHECKS[screen]
    browser = sign_in(customer).get(before)
    browser.submit(before, **typed)
    assert browser.path == page
    assert attack_page(browser, services, page)


def test_the_way_in(app: Flask, services: Services, customer_a: Customer, clock: MovableClock) -> None:
    door = f"/portal/sign-in/{DUAL.id}"
    browser = Visitor(app)
    assert attack_page(browser, services, door) == 1
    give_token(services, customer_a, clock())
    browser.get(door).submit(door, login_id=customer_a.login_id, password=PASSWORD)
    assert attack_page(browser, services, "/portal/sign-in-code") == 1
