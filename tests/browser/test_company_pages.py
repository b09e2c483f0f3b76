"""Every page of a company's own administration in Chromium, in both languages, wide and narrow, with axe."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from playwright.sync_api import Page, expect

from provisioning.institutions import load_institutions
from provisioning.rules.institution import Institution
from tests.browser.conftest import LANGUAGES, Live, OpenPage, is_well_made, press
from tests.company.conftest import ADMINISTRATOR, GENERAL, INSTITUTION, MASTER, found_company
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, PASSWORD

pytestmark = sqlite_only

BUTTON = "main button.button--main, main button.button--danger"


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """The profile after manual 004."""
    return {INSTITUTION: load_institutions()[INSTITUTION]}


def at(page: Page, screen: str, name: str) -> None:
    """This page is `screen`, and well made."""
    expect(page.locator(".screen-id b")).to_have_text(screen)
    is_well_made(page, f"{screen}-{name}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_lifting_and_revoking(open_page: OpenPage, live: Live, language: str) -> None:
    """BCM001, BCM002, BCS001 and its refusal, BCS002, BCR001, BCR002, BCL001, BCL002."""
    house = found_company(live.services)
    first, *others = [
        house.add(role, f"MIHON000{n}") for n, role in enumerate((ADMINISTRATOR, MASTER, GENERAL, GENERAL))
    ]
    house.equip(first, *others)
    house.suspend(*others[:2])
    page = open_page(language)
    page.goto(live.url(f"/portal/sign-in/{INSTITUTION}"))
    page.fill("[name=login_id]", first.login_id)
    page.fill("[name=password]", PASSWORD)
    press(page, BUTTON)
    page.fill("[name=otp]", house.tokens[first.id].code(live.clock()))
    press(page, BUTTON)
    page.wait_for_url(live.url("/portal/"))
    page.goto(live.url("/company/"))
    at(page, "BCM001", language)
    press(page, "main a[href='/company/users/']")
    at(page, "BCM002", language)
    press(page, "main a[href='/company/users/lift/']")
    at(page, "BCS001", language)
    press(page, BUTTON)
    at(page, "BCS001", f"refused-{language}")
    page.click("button[data-tick]")
    page.fill("[name=confirmation_password]", CONFIRMATION_PASSWORD)
    press(page, BUTTON)
    at(page, "BCS002", language)
    page.goto(live.url("/company/users/revoke/"))
    at(page, "BCR001", language)
    page.check(f"[value='{house.token(others[2])}']")
    page.fill("[name=confirmation_password]", CONFIRMATION_PASSWORD)
    press(page, BUTTON)
    at(page, "BCR002", language)
    page.goto(live.url("/company/users/loss/"))
    at(page, "BCL001", language)
    page.check(f"[value='{house.token(others[0])}']")
    page.fill("[name=confirmation_password]", CONFIRMATION_PASSWORD)
    press(page, BUTTON)
    at(page, "BCL002", language)
