"""The console by keyboard alone: from the search to the reservation of a fob."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from provisioning.store.tables import Customer, Fob
from tests.browser.conftest import HEIGHT, NARROW, WIDE, Live, OpenPage, sign_in_teller
from tests.fixtures.databases import sqlite_only

pytestmark = sqlite_only

MOST_TABS = 40
MOST_HEADER_PX = 160


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is on `selector`; every stop on the way can be seen."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"no way by Tab to {selector}")


def test_without_a_mouse(live: Live, page: Page, customer_a: Customer, fob: Fob) -> None:
    sign_in_teller(page, live)
    tab_to(page, "#staff-search")
    page.keyboard.type(customer_a.user_id)
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/customers/**")
    tab_to(page, ".staff-next .button--main")
    page.keyboard.press("Enter")
    page.wait_for_url("**/issue/")
    tab_to(page, "a[href$='/hard/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/hard/")
    expect(page.locator("[name=serial]")).to_be_focused()
    page.keyboard.type(fob.serial)
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/programming/**")


def test_on_a_phone_the_menu_is_out_of_the_way_until_asked_for(live: Live, open_page: OpenPage) -> None:
    """By keyboard, and without JavaScript."""
    page = open_page(width=NARROW, javascript=False)
    sign_in_teller(page, live)
    content = page.locator("main").bounding_box()
    assert content is not None
    assert content["y"] <= MOST_HEADER_PX
    menu = page.locator(".staff-menu")
    expect(menu).to_be_hidden()
    page.locator("[popovertarget=staff-menu]").press("Enter")
    expect(menu).to_be_visible()
    page.keyboard.press("Tab")
    expect(menu.locator("a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(page.locator("[popovertarget=staff-menu]")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/search/**")
    page.set_viewport_size({"width": WIDE, "height": HEIGHT})
    expect(menu).to_be_visible()
    expect(page.locator(".page-header__tools")).to_be_visible()


def test_the_first_stop_leads_past_the_header(live: Live, page: Page) -> None:
    sign_in_teller(page, live)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
