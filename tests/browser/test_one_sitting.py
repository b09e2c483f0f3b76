"""Issuance, app and first code in one sitting, in Chromium: the page that waits finds out by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from provisioning.jobs.apply import ApplyCommand, apply
from provisioning.rules.institution import Institution, Text
from provisioning.rules.issuance import Issuance, IssuancePages, OpensAtLogin
from provisioning.rules.states import TokenKind
from provisioning.store.tables import Customer
from tests.browser.conftest import LANGUAGES, Live, OpenPage, is_well_made, press, sign_in_teller
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import PASSWORD, customer_actor
from tests.fixtures.services import DUAL
from tests.portal.phone import Phone

pytestmark = sqlite_only

ENTRY = "/portal/token/soft/"
WAITING = "/portal/token/waiting/"
IS_SET_UP = {"ja": "アプリの初期設定ができました。", "en": "The app has been set up."}


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """It takes applications at its counter."""
    issuance = Issuance(IssuancePages.ONE_PAGE, 1, 1, OpensAtLogin.AFTER_APPLICATION)
    hours = Text(ja="平日9時～17時", en="weekdays, 9:00 to 17:00")
    return {DUAL.id: replace(DUAL, issuance=issuance, contact_hours=hours)}


@pytest.fixture
def applied(live: Live, customer_a: Customer) -> Customer:
    """Customer A, whose application the teller has entered."""
    command = ApplyCommand("dual", customer_a.id, TokenKind.SOFT, customer_actor(customer_a))
    apply(live.services, command, live.clock())
    return customer_a


def log_in(page: Page, live: Live, customer: Customer) -> None:
    page.goto(live.url("/portal/sign-in/dual"))
    page.fill("[name=login_id]", customer.login_id)
    page.fill("[name=password]", PASSWORD)
    press(page)


def issue(page: Page, address: str, password: str = "482193") -> None:
    page.fill("[name=mail_address]", address)
    page.fill("[name=activation_password]", password)
    press(page)


def phone(live: Live, customer: Customer) -> Phone:
    """The customer's, not set up yet."""
    return Phone(
        service_id=DUAL.service_id,
        user_id=customer.user_id,
        activation_password="482193",
        client=live.app.test_client(),
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_sitting(open_page: OpenPage, live: Live, applied: Customer, language: str) -> None:
    page = open_page(language)
    log_in(page, live, applied)
    page.wait_for_url(live.url(ENTRY))
    issue(page, "taro@sample", "1111")
    is_well_made(page, f"BOT001-at-login-errors-{language}")
    issue(page, "taro@sample.example")
    page.wait_for_url(live.url(WAITING))
    expect(page.locator("[data-copy]")).to_have_count(2)
    is_well_made(page, f"BOK003-{language}")
    press(page, page.get_by_role("link", name="戻る" if language == "ja" else "Back"))
    issue(page, "jiro@sample.example")
    page.fill("[name=otp]", "12")
    token = phone(live, applied).set_up()
    expect(page.locator("main")).to_contain_text(IS_SET_UP[language])
    expect(page.locator("[name=otp]")).to_have_value("12")
    page.fill("[name=otp]", "00000000")
    press(page)
    is_well_made(page, f"BOK003-wrong-{language}")
    page.fill("[name=otp]", token.code(live.clock()))
    press(page)
    page.wait_for_url(live.url("/portal/token/activate/done"))


def test_the_teller_enters_the_application(page: Page, live: Live, customer_a: Customer) -> None:
    sign_in_teller(page, live)
    page.goto(live.url(f"/staff/customers/{customer_a.id}/"))
    is_well_made(page, "SCU001-application")
    press(page)
    press(page)
    is_well_made(page, "SCU001-applied")


def test_without_javascript_loading_again_tells(open_page: OpenPage, live: Live, applied: Customer) -> None:
    page = open_page(javascript=False)
    log_in(page, live, applied)
    issue(page, "taro@sample.example")
    phone(live, applied).set_up()
    page.get_by_role("link", name="画面を更新する").click()
    expect(page.locator("main")).to_contain_text(IS_SET_UP["ja"])
