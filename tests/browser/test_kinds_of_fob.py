"""Fobs of several kinds at the counter in Chromium: what each can hold, and when one must be touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from devices.contract import ProgramJob, Progress, Wait
from provisioning.jobs.record_progress import RecordProgressCommand, record_progress
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.browser.conftest import LANGUAGES, NARROW, WIDE, Live, OpenPage, fits, look, serious
from tests.browser.test_staff_batches import TITLE as BATCH_TITLE
from tests.browser.test_staff_batches import begin
from tests.browser.test_staff_writing import TITLE, sign_in
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_fob
from tests.fobs.desk import Desk, PlainFob, open_desk
from tests.fobs.kinds import KAGIYA, NAME, NEEDS_COMPANION, SIX_THIRTY, UNNAMED

pytestmark = sqlite_only

COMPANION, SIX, LABEL = "companion", "six-thirty", "label"
TOUCH = {"ja": "いま、フォブに触れてください", "en": "Touch the fob now"}


@pytest.fixture
def services(services: Services) -> Services:
    kinds = {NAME: KAGIYA, COMPANION: NEEDS_COMPANION, SIX: SIX_THIRTY, LABEL: UNNAMED}
    return replace(services, profiles=kinds)


@pytest.fixture
def desk(services: Services, live: Live) -> Desk:
    """A station with one fob of each kind; all but the unnamed one are in stock."""
    desk = open_desk(services, live.clock())
    for number, kind in enumerate((NAME, COMPANION, SIX), 1):
        fob = add_fob(services, f"KF000000{number}", profile=kind)
        desk.fobs.append(PlainFob(fob.serial, kind))
    desk.fobs.append(PlainFob("told to nobody", LABEL, named=False))
    desk.poll()
    return desk


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_each_kind_says_what_it_is_before_it_is_written(
    open_page: OpenPage, live: Live, desk: Desk, customer_a: Customer, language: str, width: int
) -> None:
    page = open_page(language=language, width=width)
    sign_in(page, live)
    for address in (f"/staff/customers/{customer_a.id}/issue/", f"/staff/customers/{customer_a.id}/hard/"):
        page.goto(live.url(address))
        assert serious(page) == []
        assert fits(page)
        look(page, f"kinds-{address.split('/')[-2]}-{language}-{width}")
    expect(page.locator(".plugged")).to_have_count(4)
    expect(page.locator(".plugged .diagnosis")).to_have_count(1)
    expect(page.locator(".plugged input[name=serial]")).to_have_count(1)
    page.goto(live.url(f"/staff/stations/{desk.station_id}/"))
    assert serious(page) == []
    look(page, f"kinds-station-{language}-{width}")


def wait_for_a_touch(live: Live, desk: Desk, page: Page, customer: Customer) -> ProgramJob:
    """The fob is chosen, and asks for a hand in the middle of the write."""
    sign_in(page, live)
    page.goto(live.url(f"/staff/customers/{customer.id}/hard/"))
    page.locator(".plugged", has_text="KF0000001").get_by_role("button").click()
    page.wait_for_url("**/staff/programming/**")
    (job,) = desk.poll()
    tell(live, desk, job, Progress(10, 40, Wait.TOUCH))
    return job


def tell(live: Live, desk: Desk, job: ProgramJob, progress: Progress) -> None:
    record_progress(live.services, RecordProgressCommand(desk.station_id, job.job_id, progress), live.clock())


@pytest.mark.parametrize("javascript", [True, False])
def test_the_page_asks_for_the_touch_by_itself(
    open_page: OpenPage, live: Live, desk: Desk, customer_a: Customer, javascript: bool
) -> None:
    page = open_page(javascript=javascript)
    job = wait_for_a_touch(live, desk, page, customer_a)
    expect(page.locator(TITLE)).to_have_text(TOUCH["ja"])
    assert "25%" in page.inner_text(".writing__meter")
    look(page, f"touch-{javascript}")
    tell(live, desk, job, Progress(20, 40))
    expect(page.locator(TITLE)).to_have_text("書き込んでいます")


def test_the_touch_is_asked_for_in_english_without_a_finding(
    open_page: OpenPage, live: Live, desk: Desk, customer_a: Customer
) -> None:
    page = open_page(language="en", width=NARROW)
    wait_for_a_touch(live, desk, page, customer_a)
    expect(page.locator(TITLE)).to_have_text(TOUCH["en"])
    assert serious(page) == []
    assert fits(page)


@pytest.mark.parametrize(("language", "width"), [("ja", WIDE), ("en", NARROW)])
def test_in_a_row_a_label_is_scanned_and_the_fob_must_be_out_before_the_next(
    open_page: OpenPage, live: Live, desk: Desk, language: str, width: int
) -> None:
    page = open_page(language=language, width=width)
    add_fob(live.services, "KF0000004", profile=LABEL)
    desk.fobs[:] = [PlainFob("KF0000004", LABEL, named=False)]
    desk.poll()
    begin(page, live, ("鈴木　花子",))
    expect(page.locator("#field-serial")).to_be_focused()
    assert serious(page) == []
    assert fits(page)
    look(page, f"row-of-labels-{language}")
    with page.expect_navigation():
        page.keyboard.type("KF0000004\n", delay=1)
    desk.work()
    key = page.locator(".batch-key button")
    expect(key).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text(
        {"ja": "まだ差し込まれている", "en": "plugged in still"}[language]
    )
    expect(key).to_be_focused()
    assert serious(page) == []
    look(page, f"row-of-labels-still-there-{language}")
    desk.fobs.clear()
    desk.poll()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(BATCH_TITLE)).to_have_text({"ja": "終わりました", "en": "Finished"}[language])
