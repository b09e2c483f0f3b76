"""Hands on the portal: keyboard only, without JavaScript, software keyboard, back and reload, double click."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from tests.browser.conftest import NARROW, WIDE, Live, OpenPage, look, press
from tests.browser.test_portal_pages import log_in
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, PASSWORD
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import give_token, read_credential

pytestmark = sqlite_only

ENTRY = "/portal/token/soft/"
CHECK = "/portal/token/soft/check"
DONE = "/portal/token/soft/done"
ACTIVATE = "/portal/token/activate/"


def count_credentials(services: Services) -> int:
    """How many credentials there are at all."""
    with services.store.read() as tx:
        return tx.scalar(select(func.count()).select_from(Credential)) or 0


def fill_entry(page: Page, live: Live) -> None:
    """BOT001, without a mistake, up to BOT003."""
    page.goto(live.url(ENTRY))
    for name in ("mail_address", "mail_address_again"):
        page.fill(f"[name={name}]", "taro@sample.example")
    for name in ("activation_password", "activation_password_again"):
        page.fill(f"[name={name}]", "482193")
    press(page)
    page.wait_for_url(live.url(CHECK))


def test_back_and_reload_lose_and_double_nothing(page: Page, live: Live, customer_a: Customer) -> None:
    log_in(page, live, customer_a)
    fill_entry(page, live)
    page.reload()
    assert page.text_content("main dd") == "taro@sample.example"
    page.go_back()
    page.wait_for_url(live.url(ENTRY))
    assert page.input_value("[name=mail_address]") == "taro@sample.example"
    page.go_forward()
    page.wait_for_url(live.url(CHECK))
    page.fill("[name=confirmation_password]", CONFIRMATION_PASSWORD)
    press(page)
    page.wait_for_url(live.url(DONE))
    page.reload()
    page.wait_for_url(live.url(DONE))
    page.go_back()
    page.wait_for_url(live.url(DONE))
    assert count_credentials(live.services) == 1


def test_back_to_a_form_that_was_sent_sends_nothing_twice(page: Page, live: Live, customer_a: Customer) -> None:
    token = give_token(live.services, customer_a, live.clock(), CredentialState.SET_UP)
    log_in(page, live, customer_a)
    page.goto(live.url(ACTIVATE))
    page.fill("[name=otp]", token.wrong(live.clock()))
    press(page)
    page.reload()
    page.reload()
    assert read_credential(live.services, token).failures == 1
    page.fill("[name=otp]", token.code(live.clock()))
    press(page)
    page.wait_for_url(live.url(ACTIVATE + "done"))
    page.go_back()
    page.wait_for_url(live.url(ACTIVATE + "done"))
    page.reload()
    assert read_credential(live.services, token).state is CredentialState.ACTIVE
    assert read_credential(live.services, token).failures == 0


def test_a_double_click_counts_once(page: Page, live: Live, customer_a: Customer) -> None:
    token = give_token(live.services, customer_a, live.clock(), CredentialState.SET_UP)
    log_in(page, live, customer_a)
    page.goto(live.url(ACTIVATE))
    page.fill("[name=otp]", token.wrong(live.clock()))
    page.dblclick("main .button--main")
    expect(page.locator("#error-summary")).to_be_visible()
    assert read_credential(live.services, token).failures == 1


def test_a_press_that_was_lost_on_the_way_is_made_again(page: Page, live: Live, customer_a: Customer) -> None:
    token = give_token(live.services, customer_a, live.clock(), CredentialState.SET_UP)
    log_in(page, live, customer_a)
    page.clock.install()
    page.goto(live.url(ACTIVATE))
    page.fill("[name=otp]", token.code(live.clock()))
    page.route("**" + ACTIVATE, lambda route: route.abort("aborted"))
    page.click("main .button--main")
    page.unroute("**" + ACTIVATE)
    page.clock.fast_forward(10_000)
    page.click("main .button--main")
    page.wait_for_url(live.url(ACTIVATE + "done"))


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_all_of_it_without_javascript(open_page: OpenPage, live: Live, customer_a: Customer, width: int) -> None:
    page = open_page(width=width, javascript=False)
    log_in(page, live, customer_a)
    press(page)
    press(page, "a[href='/portal/token/soft/']")
    fill_entry(page, live)
    expect(page.locator(".keyboard-open")).to_have_count(0)
    page.fill("[name=confirmation_password]", CONFIRMATION_PASSWORD)
    press(page)
    page.wait_for_url(live.url(DONE))
    page.click(".menu summary")
    press(page, ".menu__list a")
    page.wait_for_url(live.url("/portal/token/"))
    expect(page.locator("main")).to_contain_text("トークン発行済")


def test_the_keyboard_alone_is_enough(page: Page, live: Live, customer_a: Customer) -> None:
    page.goto(live.url("/portal/sign-in/dual"))
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("[name=login_id]")).to_be_focused()
    page.keyboard.type(customer_a.login_id)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(live.url("/portal/"))
    tab_to(page, "main .button--main")
    page.keyboard.press("Enter")
    page.wait_for_url(live.url("/portal/token/kind"))
    tab_to(page, "a[href='/portal/token/soft/']")
    page.keyboard.press("Enter")
    page.wait_for_url(live.url(ENTRY))


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus, and see that the focus shows."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement === document.querySelector(selector)", selector):
            style = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
            assert style == "4px"
            return
    raise AssertionError(f"{selector} is not reached by Tab")


def test_an_error_takes_the_focus_and_leads_to_its_field(page: Page, live: Live, customer_a: Customer) -> None:
    log_in(page, live, customer_a)
    page.goto(live.url(ENTRY))
    press(page)
    expect(page.locator("#error-summary")).to_be_focused()
    page.click("#error-summary a >> nth=0")
    expect(page.locator("[name=mail_address]")).to_be_focused()
    described = page.get_attribute("[name=mail_address]", "aria-describedby") or ""
    assert "error-mail_address" in described
    assert page.title().startswith("入力エラー")


def test_the_software_keyboard(page: Page, live: Live, customer_a: Customer) -> None:
    log_in(page, live, customer_a)
    fill_entry(page, live)
    field = page.locator("[name=confirmation_password]")
    page.click(".keyboard-open")
    keys = page.locator(".keyboard")
    keys.get_by_role("button", name="大文字", exact=True).click()
    keys.get_by_role("button", name="大文字 K", exact=True).click()
    keys.get_by_role("button", name="大文字", exact=True).click()
    for sign in "akuninx":
        keys.get_by_role("button", name=sign, exact=True).click()
    expect(keys.get_by_role("status")).to_have_text("入力した文字数: 8")
    keys.get_by_role("button", name="1文字消す").click()
    expect(keys.get_by_role("status")).to_have_text("入力した文字数: 7")
    field.press("End")
    field.press_sequentially("9")
    keys.get_by_role("button", name="9", exact=True).click()
    assert field.input_value() == CONFIRMATION_PASSWORD
    press(page)
    page.wait_for_url(live.url(DONE))


def test_the_software_keyboard_by_arrows(page: Page, live: Live, customer_a: Customer) -> None:
    log_in(page, live, customer_a)
    fill_entry(page, live)
    page.focus(".keyboard-open")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    for key in ("Enter", "ArrowRight", "Enter", "ArrowDown", "Enter", "ArrowLeft", "Space"):
        page.keyboard.press(key)
    assert page.input_value("[name=confirmation_password]") == "12wq"
    page.keyboard.press("Tab")
    expect(page.locator("main .button--main")).to_be_focused()


def test_the_digits_can_be_shown_and_are_sent_hidden(page: Page, live: Live, customer_a: Customer) -> None:
    log_in(page, live, customer_a)
    page.goto(live.url(ENTRY))
    page.fill("[name=activation_password]", "482193")
    page.click(".reveal >> nth=0")
    assert page.get_attribute("[name=activation_password]", "type") == "text"


def test_the_language_switch_stays_on_the_page(page: Page, live: Live, customer_a: Customer) -> None:
    log_in(page, live, customer_a)
    page.goto(live.url(ENTRY))
    press(page, ".language-switch a")
    page.wait_for_url(live.url(ENTRY))
    assert page.get_attribute("html", "lang") == "en"
    expect(page.locator("h1")).to_contain_text("Get a token")


def test_the_mail_is_on_its_way(page: Page, live: Live, customer_a: Customer) -> None:
    log_in(page, live, customer_a)
    fill_entry(page, live)
    page.fill("[name=confirmation_password]", CONFIRMATION_PASSWORD)
    press(page)
    page.wait_for_url(live.url(DONE))
    expect(page.locator("main")).to_contain_text("送信を待っています")
    live.deliver()
    page.reload()
    expect(page.locator("main")).to_contain_text("送信しました")
    text = live.inbox.mails("taro@sample.example")[0].text
    assert customer_a.user_id in text
    assert "482193" not in text


def test_done_can_be_printed(page: Page, live: Live, customer_a: Customer) -> None:
    log_in(page, live, customer_a)
    fill_entry(page, live)
    page.fill("[name=confirmation_password]", CONFIRMATION_PASSWORD)
    press(page)
    page.wait_for_url(live.url(DONE))
    expect(page.locator("[data-print]")).to_be_visible()
    page.emulate_media(media="print")
    look(page, "BOT002-print")
    for hidden in (".page-header__tools", ".menu", ".buttons", ".page-footer"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator("main")).to_contain_text("印刷日時")
    expect(page.get_by_text(DUAL.contact_phone).locator("visible=true")).to_have_count(1)
    expect(page.get_by_text(customer_a.user_id)).to_be_visible()
