"""Hands at the console: the browser's back and reload buttons double nothing, and blame nobody."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from provisioning.services import Services
from provisioning.store.tables import Credential, Customer, Fob, OutboxMail
from tests.browser.conftest import Live, press, sign_in_teller
from tests.fixtures.databases import sqlite_only

pytestmark = sqlite_only

UNDER_WAY = "このお客さまの発行は、もう受け付けています"


def sign_in(page: Page, live: Live) -> None:
    """A teller at 本店."""
    sign_in_teller(page, live)


def count(services: Services, table: type[Credential | OutboxMail]) -> int:
    """How many rows there are."""
    with services.store.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_back_to_the_choice_of_a_fob(page: Page, live: Live, customer_a: Customer, fob: Fob) -> None:
    sign_in(page, live)
    page.goto(live.url(f"/staff/customers/{customer_a.id}/hard/"))
    page.fill("[name=serial]", fob.serial)
    with page.expect_navigation():
        page.press("[name=serial]", "Enter")
    page.reload()
    page.go_back()
    page.wait_for_url(live.url(f"/staff/customers/{customer_a.id}/"))
    expect(page.locator(".notice__title")).to_have_text(UNDER_WAY)
    expect(page.locator("main")).not_to_contain_text("ほかの担当者が先に手続きしました")
    assert count(live.services, Credential) == 1


def test_back_to_the_page_turned_to_the_customer(page: Page, live: Live, customer_a: Customer) -> None:
    sign_in(page, live)
    page.goto(live.url(f"/staff/customers/{customer_a.id}/soft/"))
    for name in ("mail_address", "mail_address_again"):
        page.fill(f"[name={name}]", "hanako@sample.example")
    press(page)
    page.reload()
    page.go_back()
    assert page.input_value("[name=mail_address]") == "hanako@sample.example"
    page.go_forward()
    for name in ("activation_password", "activation_password_again"):
        page.fill(f"[name={name}]", "294618")
    press(page)
    page.reload()
    expect(page.locator("h1")).to_have_text("ありがとうございました")
    page.go_back()
    expect(page.locator(".notice__title")).to_have_text(UNDER_WAY)
    assert count(live.services, Credential) == 1
    assert count(live.services, OutboxMail) == 1
