"""Every page of the portal in Chromium, in both languages, wide and narrow, with axe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from provisioning.jobs.expire import expire_credentials
from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState
from provisioning.store.tables import Customer, Fob
from tests.browser.conftest import LANGUAGES, Live, OpenPage, is_well_made, press
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, PASSWORD
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import Token, give_token
from tests.staff import rows

pytestmark = sqlite_only


def log_in(page: Page, live: Live, customer: Customer, token: Token | None = None) -> None:
    """To the top page, with the code where a token is in force."""
    page.goto(live.url("/portal/sign-in/dual"))
    page.fill("[name=login_id]", customer.login_id)
    page.fill("[name=password]", PASSWORD)
    press(page)
    if token is not None:
        page.fill("[name=otp]", token.code(live.clock()))
        press(page)
    page.wait_for_url(live.url("/portal/"))


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """One that lowers the transfer limit when a token ends."""
    return {DUAL.id: replace(DUAL, transfer_limit_cap_yen=200_000)}


class Looker:
    """Looks at one page after another."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.name = name

    def at(self, screen: str, case: str = "") -> None:
        """This page is `screen`, and well made."""
        assert self.page.text_content(".screen-id b") == screen
        is_well_made(self.page, f"{screen}{case}-{self.name}")


@pytest.fixture(params=LANGUAGES)
def looker(request: pytest.FixtureRequest, open_page: OpenPage) -> Looker:
    """A page in one language."""
    return Looker(open_page(request.param), request.param)


def test_sign_in(looker: Looker, live: Live, customer_a: Customer) -> None:
    """BTP000, BLG000, BLG001 and its refusal, BTP001."""
    page = looker.page
    page.goto(live.url("/"))
    looker.at("BTP000")
    page.goto(live.url("/portal/sign-in/?choose=1"))
    looker.at("BLG000")
    page.goto(live.url("/portal/sign-in/dual"))
    looker.at("BLG001")
    page.fill("[name=login_id]", "nobody")
    page.fill("[name=password]", "wrong")
    press(page)
    looker.at("BLG001", "-refused")
    log_in(page, live, customer_a)
    looker.at("BTP001")


def test_a_fob_that_expires_soon_and_then_did(looker: Looker, live: Live, customer_a: Customer, fob: Fob) -> None:
    """BTP001 90 and 30 days before the fob's last day, and after it."""
    last = live.clock() + timedelta(days=80)
    rows.change(live.services, Fob, fob.id, expires_at=last)
    token = give_token(live.services, customer_a, live.clock(), fob=fob)
    log_in(looker.page, live, customer_a, token)
    looker.at("BTP001", "-expires-in-90-days")
    live.clock.now = last - timedelta(days=10)
    looker.page.context.clear_cookies(name="__Host-kagiya-customer")
    log_in(looker.page, live, customer_a, token)
    looker.at("BTP001", "-expires-in-30-days")
    live.clock.now = last
    expire_credentials(live.services, last)
    looker.page.context.clear_cookies(name="__Host-kagiya-customer")
    log_in(looker.page, live, customer_a)
    looker.at("BTP001", "-expired")


def test_entry_of_a_soft_token(looker: Looker, live: Live, customer_a: Customer) -> None:
    """BOP001, BOT010, BOT001 and its refusal."""
    page = looker.page
    log_in(page, live, customer_a)
    page.goto(live.url("/portal/token/"))
    looker.at("BOP001")
    press(page)
    looker.at("BOT010")
    press(page, "a[href='/portal/token/soft/']")
    looker.at("BOT001")
    fill_entry(page, "1234", "hanako@sample.example")
    looker.at("BOT001", "-refused")


def test_issuance_of_a_soft_token(looker: Looker, live: Live, customer_a: Customer) -> None:
    """BOT003 and its refusal, BOT002, BOT004, and BOP001 once it is issued."""
    page = looker.page
    log_in(page, live, customer_a)
    page.goto(live.url("/portal/token/soft/"))
    fill_entry(page, "482193", "taro@sample.example")
    page.click(".keyboard-open")
    looker.at("BOT003")
    page.fill("[name=confirmation_password]", "wrong1")
    press(page)
    looker.at("BOT003", "-refused")
    page.fill("[name=confirmation_password]", CONFIRMATION_PASSWORD)
    press(page)
    looker.at("BOT002")
    press(page, "a[href='/portal/token/soft/mail/']")
    page.click("details.more summary >> nth=0")
    looker.at("BOT004")
    page.goto(live.url("/portal/token/"))
    looker.at("BOP001", "-issued")


def fill_entry(page: Page, activation_password: str, address_again: str) -> None:
    """BOT001, and on."""
    page.fill("[name=mail_address]", "taro@sample.example")
    page.fill("[name=mail_address_again]", address_again)
    page.fill("[name=activation_password]", activation_password)
    page.fill("[name=activation_password_again]", activation_password)
    press(page)


def test_activation(looker: Looker, live: Live, customer_a: Customer, fob: Fob) -> None:
    """BTP001 and BOP001 with a key fob at hand, BOK001 and its refusal, BOK002, and out again."""
    page = looker.page
    token = give_token(live.services, customer_a, live.clock(), CredentialState.SET_UP, fob)
    log_in(page, live, customer_a)
    looker.at("BTP001", "-set-up")
    page.goto(live.url("/portal/token/"))
    looker.at("BOP001", "-set-up")
    press(page)
    looker.at("BOK001")
    page.fill("[name=otp]", token.wrong(live.clock()))
    press(page)
    looker.at("BOK001", "-refused")
    page.fill("[name=otp]", token.code(live.clock()))
    press(page)
    looker.at("BOK002")
    press(page, ".page-header__tools .button")
    looker.at("BLG001", "-out")


def test_release(looker: Looker, live: Live, customer_a: Customer, fob: Fob) -> None:
    """BLG002, BTP001 and BOP001 in use, BOS001 and its refusal, BOS002, and BOP001 after it."""
    page = looker.page
    token = give_token(live.services, customer_a, live.clock(), fob=fob)
    with live.services.store.write() as tx:
        tx.get_one(Customer, customer_a.id).transfer_limit_yen = 1_000_000
    page.goto(live.url("/portal/sign-in/dual"))
    page.fill("[name=login_id]", customer_a.login_id)
    page.fill("[name=password]", PASSWORD)
    press(page)
    looker.at("BLG002")
    page.fill("[name=otp]", token.code(live.clock()))
    press(page)
    looker.at("BTP001", "-active")
    page.goto(live.url("/portal/token/"))
    looker.at("BOP001", "-active")
    press(page, "a[href='/portal/token/release/']")
    looker.at("BOS001")
    live.clock.advance(minutes=1)
    release(page, "1234567")
    looker.at("BOS001", "-refused")
    release(page, token.code(live.clock()))
    looker.at("BOS002")
    page.goto(live.url("/portal/token/"))
    looker.at("BOP001", "-released")


def release(page: Page, otp: str) -> None:
    """BOS001, and on."""
    page.fill("[name=confirmation_password]", CONFIRMATION_PASSWORD)
    page.fill("[name=otp]", otp)
    press(page)


def test_application_for_a_key_fob(looker: Looker, live: Live, customer_a: Customer) -> None:
    """BOH001 and BOH002, and BOP001 while the branch has it."""
    page = looker.page
    log_in(page, live, customer_a)
    page.goto(live.url("/portal/token/kind"))
    press(page, "a[href='/portal/token/hard/']")
    looker.at("BOH001")
    press(page)
    looker.at("BOH002")
    page.goto(live.url("/portal/token/"))
    looker.at("BOP001", "-applied")


def test_doors_that_are_closed(looker: Looker, live: Live, customer_a: Customer) -> None:
    """A suspended customer at the sign-in, an idle one, and a page that is not there."""
    page = looker.page
    token = give_token(live.services, customer_a, live.clock(), CredentialState.SET_UP)
    log_in(page, live, customer_a)
    page.goto(live.url("/portal/token/activate/"))
    for _ in range(5):
        page.fill("[name=otp]", token.wrong(live.clock()))
        press(page)
    looker.at("BLG001", "-suspended")
    page.goto(live.url("/portal/nowhere"))
    looker.at("BER001")
