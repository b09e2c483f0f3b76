"""Writing fobs with the real agent and emulated fobs, watched in Chromium from search to hand-over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.end_token import EndTokenCommand, end_token
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.states import EndReason
from provisioning.rules.verdict import Outcome
from provisioning.store.tables import Credential, Customer
from tests.browser.conftest import Live, OpenPage, look, press, sign_in_teller
from tests.browser.counter import SERIALS, Counter, RigTime, open_counter
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer
from tests.rig.clock import RigClock
from tests.rig.faults import FaultKind
from tests.rig.wire.serial_port import BYTE_S

pytestmark = sqlite_only

WRITTEN_MS = 30_000
TITLE = "#now-title"


@pytest.fixture
def clock(tmp_path: Path) -> RigTime:
    """The rig's clock, which runs."""
    return RigTime(RigClock(tmp_path / "rig"))


@pytest.fixture
def slow_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    """A serial line at a twelfth of its speed: the write takes long enough to be watched on a busy machine."""
    monkeypatch.setattr("tests.rig.drawer.BYTE_S", 12 * BYTE_S)


@pytest.fixture
def counter(live: Live, clock: RigTime, tmp_path: Path) -> Iterator[Counter]:
    """A station with its agent."""
    with open_counter(live.services, live.url("").rstrip("/"), clock, tmp_path) as counter:
        yield counter


def sign_in(page: Page, live: Live) -> None:
    """A teller at 本店."""
    sign_in_teller(page, live)


def reserve(page: Page, live: Live, customer: Customer, serial: str) -> None:
    """From the search to the reservation, with the barcode reader."""
    page.goto(live.url("/staff/"))
    page.fill("#staff-search", customer.user_id)
    page.press("#staff-search", "Enter")
    page.wait_for_url("**/staff/customers/**")
    press(page, ".staff-next .button--main")
    press(page, "a[href$='/hard/']")
    page.fill("[name=serial]", serial)
    page.press("[name=serial]", "Enter")
    page.wait_for_url("**/staff/programming/**")


WATCH = """setInterval(() => {
  for (const place of ["#now-title", ".writing__meter b"]) {
    const found = document.querySelector(place);
    if (found) tell(location.pathname, found.textContent);
  }
}, 50)"""
"""Tells every headline and percentage that a page shows, over its reloads; each attempt has its own address."""


def test_a_key_fob_from_search_to_hand_over(
    slow_wire: None, live: Live, counter: Counter, page: Page, customer_a: Customer
) -> None:
    sign_in(page, live)
    serial = "KF-000003"
    seen: list[tuple[str, str]] = []
    page.expose_function("tell", lambda attempt, text: seen.append((attempt, text)))
    page.add_init_script(WATCH)
    reserve(page, live, customer_a, serial)
    expect(page.locator(TITLE)).to_have_text("フォブを端末に差し込んでください")
    assert page.locator("b", has_text="本店-1").count() == 1
    counter.drawer.plug(serial)
    expect(page.locator(TITLE)).to_have_text("お客さまにお渡しください", timeout=WRITTEN_MS)
    assert "書き込んでいます" in {text for _attempt, text in seen}
    halfway = _percentages(seen)
    assert any(halfway.values())
    for shown in halfway.values():
        assert shown == sorted(shown)
    look(page, "staff-writing-done")
    page.click("form[action$='/hand-over'] button")
    page.wait_for_url("**/staff/acts/**")
    expect(page.locator("h1")).to_have_text("フォブをお渡ししました")
    code = counter.display(serial)
    assert tried(live, customer_a, code) is Outcome.ACCEPTED
    page.click("main .button--main")
    expect(page.locator("#token-title + .chip")).to_have_text("利用中")


def _percentages(seen: list[tuple[str, str]]) -> dict[str, list[int]]:
    """What each attempt showed between nothing and all; a starved machine may need a second one."""
    found: dict[str, list[int]] = {}
    for attempt, text in seen:
        if text.endswith("%") and 0 < int(text[:-1]) < 100:
            found.setdefault(attempt, []).append(int(text[:-1]))
    return found


def test_without_javascript_the_page_comes_anew_by_itself(
    live: Live, counter: Counter, open_page: OpenPage, customer_a: Customer
) -> None:
    page = open_page(javascript=False)
    sign_in(page, live)
    reserve(page, live, customer_a, "KF-000001")
    counter.drawer.plug("KF-000001")
    page.locator("form[action$='/hand-over'] button").wait_for(timeout=WRITTEN_MS)
    page.click("form[action$='/hand-over'] button")
    expect(page.locator("h1")).to_have_text("フォブをお渡ししました")


def test_four_fobs_at_once_in_one_table(live: Live, counter: Counter, page: Page) -> None:
    sign_in(page, live)
    for number, serial in enumerate(SERIALS, 1):
        reserve(page, live, add_customer(live.services, f"99980000000{number}"), serial)
    page.goto(live.url("/staff/programming/"))
    rows = page.locator("tbody tr")
    expect(rows.filter(has_text="フォブを端末に差し込んでください")).to_have_count(4)
    for serial in SERIALS:
        counter.drawer.plug(serial)
    expect(rows.filter(has_text="お客さまにお渡しください")).to_have_count(4, timeout=WRITTEN_MS)
    codes = {counter.display(serial) for serial in SERIALS}
    assert len(codes) == 4


def test_a_fob_that_breaks_off_is_written_again_and_the_page_says_why(
    live: Live, counter: Counter, page: Page, customer_a: Customer
) -> None:
    sign_in(page, live)
    serial = "KF-000002"
    counter.drawer.switch_fault(serial, FaultKind.STALL, 25)
    reserve(page, live, customer_a, serial)
    counter.drawer.plug(serial)
    told = page.get_by_text("1回目の書込みは終わりました。新しい種でやり直しています。")
    expect(told).to_be_visible(timeout=WRITTEN_MS)
    expect(page.locator(".diagnosis__reason").first).to_be_visible()
    counter.drawer.switch_fault(serial, FaultKind.NONE, 1)
    expect(page.locator(TITLE)).to_have_text("お客さまにお渡しください", timeout=WRITTEN_MS)


def test_the_fob_of_an_ended_token_is_written_anew_for_its_customer(
    live: Live, counter: Counter, page: Page, customer_a: Customer, teller_actor: Actor
) -> None:
    sign_in(page, live)
    serial = "KF-000001"
    counter.drawer.plug(serial)
    reserve(page, live, customer_a, serial)
    page.locator("form[action$='/hand-over'] button").click(timeout=WRITTEN_MS)
    page.wait_for_url("**/staff/acts/**")
    old = counter.display(serial)
    with live.services.store.read() as session:
        credential_id = session.scalars(select(Credential.id)).one()
    ending = EndTokenCommand("dual", credential_id, EndReason.SUSPICION, teller_actor)
    end_token(live.services, ending, live.clock())
    page.goto(live.url(f"/staff/customers/{customer_a.id}/hard/"))
    page.locator(".plugged", has_text=serial).get_by_role("button").click()
    expect(page.locator(TITLE)).to_have_text("お客さまにお渡しください", timeout=WRITTEN_MS)
    new = counter.display(serial)
    assert new != old
    assert tried(live, customer_a, old) is Outcome.REFUSED
    page.locator("form[action$='/hand-over'] button").click()
    page.wait_for_url("**/staff/acts/**")
    assert tried(live, customer_a, counter.display(serial)) is Outcome.ACCEPTED


def tried(live: Live, customer: Customer, otp: str) -> Outcome:
    """The customer tries to begin with this code."""
    return activate(live.services, ActivateCommand("dual", customer.user_id, otp, SYSTEM), live.clock()).outcome


def test_devices_come_and_go_on_the_stations_page(live: Live, counter: Counter, page: Page) -> None:
    sign_in(page, live)
    page.goto(live.url("/staff/stations/"))
    expect(page.get_by_text("機器は何も差し込まれていません")).to_be_visible()
    counter.drawer.plug("KF-000001")
    expect(page.get_by_text("KF-000001")).to_be_visible()
    counter.drawer.switch_fault("KF-000001", FaultKind.LOW_BATTERY, 1)
    expect(page.locator(".diagnosis__reason")).to_have_text("フォブの電池が足りません。")
    counter.drawer.unplug("KF-000001")
    expect(page.get_by_text("機器は何も差し込まれていません")).to_be_visible()
