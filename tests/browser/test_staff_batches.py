"""A row of fobs in Chromium, with the real agent: plug in, written, proved, Enter, next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, Live, OpenPage, fits, look, press, serious, sign_in_teller
from tests.browser.counter import Counter, RigTime, open_counter
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer
from tests.rig.clock import RigClock
from tests.staff import rows

pytestmark = sqlite_only

WRITTEN_MS = 30_000
TITLE = "#batch-title"


@pytest.fixture
def clock(tmp_path: Path) -> RigTime:
    """The rig's clock, which runs."""
    return RigTime(RigClock(tmp_path / "rig"))


@pytest.fixture
def counter(live: Live, clock: RigTime, tmp_path: Path) -> Iterator[Counter]:
    """A station with its agent."""
    with open_counter(live.services, live.url("").rstrip("/"), clock, tmp_path) as counter:
        yield counter


# every tone that the page plays, kept over reloads, with what the browser makes of it a moment later
LISTEN = """
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (when) {
  setTimeout(() => {
    const heard = JSON.parse(localStorage.getItem("heard") ?? "[]");
    localStorage.setItem("heard", JSON.stringify([...heard, [this.frequency.value, this.context.state]]));
  }, 100);
  return start.call(this, when);
};
"""
GOOD = [[880, "running"], [1320, "running"]]


def heard(page: Page) -> list[list[object]]:
    """The tones so far, once nothing is to come any more."""
    page.wait_for_timeout(800)
    tones: list[list[object]] = page.evaluate("JSON.parse(localStorage.getItem('heard') ?? '[]')")
    return tones


def begin(page: Page, live: Live, names: tuple[str, ...]) -> None:
    """A teller begins a batch for customers who applied."""
    for number, name in enumerate(names, 1):
        customer = add_customer(live.services, f"99980000010{number}")
        rows.change(live.services, type(customer), customer.id, name=name)
        rows.add_application(live.services, customer, f"261120-00000{number}", live.clock())
    sign_in_teller(page, live)
    page.goto(live.url("/staff/programming/"))
    page.click("a[href='/staff/batches/']")
    page.wait_for_url("**/staff/batches/")
    page.click("main .button--main")
    page.wait_for_url("**/staff/batches/*/")


def test_insert_written_proved_next_by_one_key(live: Live, counter: Counter, page: Page) -> None:
    begin(page, live, ("鈴木　花子", "佐藤　健一"))
    assert serious(page) == []
    expect(page.locator(TITLE)).to_have_text("次のフォブを差し込んでください")
    page.check("[data-sound] input")
    for name, serial in (("鈴木", "KF-000001"), ("佐藤", "KF-000002")):
        counter.drawer.plug(serial)
        expect(page.locator(TITLE)).to_have_text("できました", timeout=WRITTEN_MS)
        expect(page.locator(".batch-now")).to_contain_text(name)
        expect(page.locator(".batch-now")).to_contain_text(serial)
        expect(page.locator(".batch-key button")).to_be_focused()
        look(page, f"staff-SPB002-proved-{serial}")
        assert serious(page) == []
        counter.drawer.unplug(serial)
        with page.expect_navigation():
            page.keyboard.press("Enter")
    expect(page.locator(TITLE)).to_have_text("終わりました")
    look(page, "staff-SPB002-finished")
    codes = {counter.display(serial) for serial in ("KF-000001", "KF-000002")}
    assert len(codes) == 2


def test_a_fob_that_is_done_is_heard_and_seen_from_afar(live: Live, counter: Counter, page: Page) -> None:
    page.add_init_script(LISTEN)
    begin(page, live, ("鈴木　花子", "佐藤　健一"))
    waiting = page.locator(".batch-now").evaluate("one => getComputedStyle(one).backgroundColor")
    counter.drawer.plug("KF-000001")
    expect(page.locator(TITLE)).to_have_text("できました", timeout=WRITTEN_MS)
    assert heard(page) == []
    done = page.locator(".batch-now").evaluate("one => getComputedStyle(one).backgroundColor")
    assert done != waiting
    page.check("[data-sound] input")
    assert heard(page) == GOOD
    counter.drawer.unplug("KF-000001")
    with page.expect_navigation():
        page.locator(".batch-key button").press("Enter")
    counter.drawer.plug("KF-000002")
    expect(page.locator(TITLE)).to_have_text("できました", timeout=WRITTEN_MS)
    assert heard(page) == GOOD * 2
    page.reload()
    assert heard(page) == GOOD * 2
    assert page.locator("[data-sound] input").is_checked()


def test_without_javascript_the_page_goes_on_by_itself(live: Live, counter: Counter, open_page: OpenPage) -> None:
    page = open_page(javascript=False)
    begin(page, live, ("鈴木　花子",))
    assert page.locator("[data-sound]").is_hidden()
    counter.drawer.plug("KF-000001")
    page.locator(".batch-key button").wait_for(timeout=WRITTEN_MS)
    page.click(".batch-key button")
    expect(page.locator(TITLE)).to_have_text("終わりました")


def test_the_page_is_left_and_the_batch_goes_on(live: Live, counter: Counter, open_page: OpenPage) -> None:
    page = open_page("en", NARROW)
    begin(page, live, ("鈴木　花子",))
    look(page, "staff-SPB002-insert-narrow-en")
    assert fits(page)
    address = page.url
    page.goto(live.url("/staff/"))
    counter.drawer.plug("KF-000001")
    page.goto(live.url("/staff/batches/"))
    press(page, "tbody a")
    assert page.url == address
    expect(page.locator(TITLE)).to_have_text("Done", timeout=WRITTEN_MS)
    look(page, "staff-SPB002-proved-narrow-en")
    assert fits(page)
    assert serious(page) == []
