"""Pages of the portal that the manuals' walks see in Japanese alone, in English: wide and narrow, with axe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from playwright.sync_api import Page

from provisioning.jobs.add_payee import AddPayeeCommand, add_payee
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.issuance import Issuance, IssuancePages
from provisioning.rules.money_transfer import Account
from provisioning.store.tables import Customer
from tests.browser.conftest import Live, OpenPage, press
from tests.browser.test_portal_pages import Looker, log_in
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import read_code
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer
from tests.fixtures.services import DUAL

pytestmark = sqlite_only

TWICE = {"mail_address": "new@mihon.example", "mail_address_again": "new@mihon.example"}


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """One with passwords by mail, that issues on one page."""
    one_page = Issuance(IssuancePages.ONE_PAGE, 1, 1)
    return {DUAL.id: replace(DUAL, mail_password=True, issuance=one_page)}


@pytest.fixture
def customer(live: Live) -> Customer:
    """With a transfer limit and a payee, and no token."""
    one = add_customer(live.services, "999800000066", transfer_limit_yen=1_000_000)
    account = Account("見本銀行", "本店", "1234567", "ミホン ハナコ")
    add_payee(live.services, AddPayeeCommand(DUAL.id, one.id, account, SYSTEM), live.clock())
    return one


@pytest.fixture
def looker(open_page: OpenPage, live: Live, customer: Customer) -> Looker:
    """That customer, reading English."""
    page = open_page("en")
    log_in(page, live, customer)
    return Looker(page, "en")


def fill(page: Page, **fields: str) -> None:
    """And on."""
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)
    press(page)


def test_a_transfer(looker: Looker, live: Live) -> None:
    """BTR001, BTR002, BTR003."""
    page = looker.page
    page.goto(live.url("/portal/transfer/"))
    looker.at("BTR001")
    page.check("[name=payee] >> nth=0")
    fill(page, amount_yen="10,000")
    looker.at("BTR002")
    press(page)
    looker.at("BTR003")


def test_a_change_of_the_address_for_notices(looker: Looker, live: Live) -> None:
    """BCI001, BCI002, BCI003."""
    page = looker.page
    page.goto(live.url("/portal/information/"))
    looker.at("BCI001")
    fill(page, **TWICE)
    looker.at("BCI002")
    fill(page, confirmation_password=CONFIRMATION_PASSWORD, mail_password=code(live))
    looker.at("BCI003")


def test_passwords_by_mail(looker: Looker, live: Live) -> None:
    """BMP001, BMP002, BMP003."""
    page = looker.page
    page.goto(live.url("/portal/mail-password/"))
    looker.at("BMP001")
    fill(page, **TWICE)
    looker.at("BMP002")
    fill(page, confirmation_password=CONFIRMATION_PASSWORD, mail_password=code(live))
    looker.at("BMP003")


def code(live: Live) -> str:
    """What was sent to the new address."""
    return read_code(live.services, live.clock())


def test_issuance_on_one_page(looker: Looker, live: Live) -> None:
    """BOK003, BOT005."""
    page = looker.page
    page.goto(live.url("/portal/token/soft/"))
    looker.at("BOT001")
    fill(page, mail_address="taro@sample.example", activation_password="482193")
    looker.at("BOK003")
    page.goto(live.url("/portal/token/soft/again/"))
    looker.at("BOT005")
