"""What comes out of the printer: the paper alone, one sheet a slip, labels in rows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from provisioning.jobs.send_fobs import SendFobsCommand, send_fobs
from provisioning.rules.actor import Actor
from provisioning.store.tables import Customer, Fob
from tests.browser.conftest import Live, look, press, sign_in_teller
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_fob
from tests.fobs.desk import open_desk
from tests.staff import rows

pytestmark = sqlite_only


@pytest.fixture
def batch(live: Live, page: Page, customer_a: Customer, customer_b: Customer, fob: Fob) -> str:
    """Two customers whose fobs were written in a batch; its number."""
    desk = open_desk(live.services, live.clock(), "本店-1")
    for number, customer in enumerate((customer_a, customer_b)):
        rows.add_application(live.services, customer, f"261120-00000{number}", live.clock())
    sign_in_teller(page, live)
    page.goto(live.url("/staff/batches/"))
    page.click("main .button--main")
    page.wait_for_url("**/staff/batches/*/")
    for one in (fob, add_fob(live.services, "KF0000002")):
        desk.fobs.clear()
        desk.plug(one)
        desk.work()
        page.locator("[data-stage^='proved']").wait_for()
        press(page, ".batch-key button")
    return page.url.split("/")[-2]


def sheets(page: Page, name: str) -> int:
    """How many sheets of A4 come out; nothing of the console is on them."""
    page.emulate_media(media="print")
    look(page, f"print-{name}")
    for selector in (".staff-bar", ".staff-menu", ".staff-search", ".staff-open", "main button", "main a.button"):
        for one in page.locator(selector).all():
            expect(one).to_be_hidden()
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))


def test_a_slip_is_a_sheet(live: Live, page: Page, batch: str) -> None:
    page.goto(live.url(f"/staff/papers/slips?batch={batch}"))
    assert sheets(page, "slips") == 2


def test_labels_stand_in_rows_on_one_sheet(live: Live, page: Page, batch: str) -> None:
    page.goto(live.url(f"/staff/papers/labels?batch={batch}"))
    assert sheets(page, "labels") == 1
    tops = {one.evaluate("one => one.getBoundingClientRect().top") for one in page.locator(".label").all()}
    assert len(tops) == 1
    assert page.locator(".label .barcode").count() == 2


def test_the_slip_of_a_transfer_is_a_sheet(live: Live, page: Page, fob: Fob, teller_actor: Actor) -> None:
    command = SendFobsCommand("dual", "本店", "駅前支店", frozenset({fob.serial}), 1, teller_actor, "便 A-1")
    transfer_id = send_fobs(live.services, command, live.clock())
    sign_in_teller(page, live)
    page.goto(live.url(f"/staff/transfers/{transfer_id}/"))
    assert sheets(page, "transfer") == 1
    expect(page.locator(".sign-lines")).to_be_visible()
    expect(page.locator(".notice")).to_be_hidden()
