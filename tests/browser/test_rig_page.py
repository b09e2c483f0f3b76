"""The rig page in a real Chromium: live, in both languages, at both widths, with and without JavaScript."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import NARROW, WIDE, fits, look, serious
from tests.fixtures.web_server import web_server
from tests.rig.rig import Rig
from tests.rig_tests.host import Host
from tests.rig_tests.test_demo import demo

HID, SERIAL = "KF-000123", "KF-000125"
OpenPage = Callable[..., Page]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path, paced=False) as rig:
        for serial in (HID, SERIAL):
            fob = rig.drawer.port(serial).fob
            fob.parts.clock.set(int(rig.clock.unix_time()))
            host = Host.open(fob.answer)
            assert host.write() == 0
            host.run(0x1F)
        yield rig


@pytest.fixture
def url(rig: Rig) -> Iterator[str]:
    """Address of the rig page, mounted where the demo mounts it."""
    with web_server(rig.around(lambda _environ, _start: [])) as port:
        yield f"http://localhost:{port}/rig/"


@pytest.fixture
def open_page(browser: Browser, url: str) -> Iterator[OpenPage]:
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def asked_for(address: str) -> None:
        if not address.startswith(url):
            complaints.append(f"asked for {address}")

    def open_one(language: str = "ja", width: int = WIDE, *, javascript: bool = True) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=javascript)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: asked_for(request.url))
        page.goto(f"{url}?lang={language}")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def _card(serial: str) -> str:
    return f'.card[data-serial="{serial}"]'


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_fits_and_everybody_can_use_it(open_page: OpenPage, language: str, width: int) -> None:
    page = open_page(language, width)
    expect(page.locator(".card")).to_have_count(5)
    page.locator(".faults summary").first.click()
    look(page, f"rig-{language}-{width}")
    assert fits(page)
    assert serious(page) == []


def test_the_drawing_shows_the_code_of_the_display(open_page: OpenPage, rig: Rig) -> None:
    page = open_page()
    digits = page.locator(f"{_card(HID)} .digit")
    expect(digits).to_have_count(8)
    shown = "".join(digits.nth(place).get_attribute("data-value") or "" for place in range(8))
    told = page.locator(f"{_card(HID)} output")
    expect(told).to_have_text(f"{shown[:4]} {shown[4:]}")
    blank = page.locator(f"{_card('KF-000124')} output")
    expect(blank).to_have_text("番号なし")


def test_unplugged_and_plugged_without_reloading(open_page: OpenPage, rig: Rig) -> None:
    page = open_page()
    card = page.locator(_card(SERIAL))
    card.get_by_role("button", name="抜く").click()
    expect(card.locator(".state")).to_have_text("抜いてあります")
    assert not rig.drawer.port(SERIAL).plugged
    card.get_by_role("button", name="差し込む").click()
    expect(card.locator(".state")).to_have_text("差してあります")
    assert rig.drawer.port(SERIAL).plugged


def test_the_clocks_buttons_move_the_code(open_page: OpenPage, rig: Rig) -> None:
    page = open_page("en")
    told = page.locator(f"{_card(HID)} output")
    before = told.inner_text()
    page.get_by_role("button", name="+1 day").click()
    expect(page.locator("#clock-offset")).to_contain_text("+1d 0:00:00")
    expect(told).not_to_have_text(before)
    page.get_by_role("button", name="To 20:49:50").click()
    expect(page.locator("#clock-time")).to_contain_text("20:49:5")
    assert rig.clock.offset_s > 86_400


def test_a_fault_is_switched_on_and_off(open_page: OpenPage, rig: Rig) -> None:
    page = open_page()
    card = page.locator(_card(HID))
    card.locator(".faults summary").click()
    expect(card.get_by_label("何番目のレポート")).to_be_hidden()
    card.get_by_label("故障").select_option("途中で抜ける")
    card.get_by_label("何番目のレポート").fill("9")
    card.get_by_role("button", name="設定").click()
    expect(card.locator('[data-field="fault"]')).to_have_text("途中で抜ける")
    assert rig.drawer.port(HID).fob.faults.cut_after_report == 9


def test_a_mail_arrives_while_one_looks(open_page: OpenPage, rig: Rig) -> None:
    page = open_page()
    expect(page.locator("#no-mail")).to_be_visible()
    message = EmailMessage()
    message["Subject"] = "トークン発行のご案内"
    message.set_content("サービスID 10112235\n")
    with smtplib.SMTP("localhost", rig.mail_catcher.port, timeout=5) as smtp:
        smtp.send_message(message, "otp@mihon.example", ["hanako@mihon.example"])
    page.locator(".mail summary", has_text="トークン発行のご案内").click()
    expect(page.locator(".mail pre")).to_contain_text("サービスID 10112235")
    expect(page.locator("#no-mail")).to_be_hidden()


def test_without_javascript_every_button_works(open_page: OpenPage, rig: Rig) -> None:
    page = open_page(javascript=False)
    page.locator(_card(HID)).get_by_role("button", name="抜く").click()
    expect(page.locator(_card(HID)).locator(".state")).to_have_text("抜いてあります")
    page.get_by_role("button", name="+60 秒").click()
    expect(page.locator("#clock-offset")).to_contain_text("+0:01:00")
    assert rig.clock.offset_s == 60


def test_the_app_of_a_demo_notices_that_the_rigs_clock_moved(browser: Browser, tmp_path: Path) -> None:
    ahead_of_machine = "import('/app/clock.js').then((clock) => Math.round((clock.nowMs() - Date.now()) / 1000))"
    with demo(tmp_path / "demo") as running:
        context = browser.new_context()
        page = context.new_page()
        page.goto(running.facts["base_url"] + "/app/")
        assert page.evaluate(ahead_of_machine) == 0
        running.rig("clock", advance_s=3600)
        page.wait_for_function(f"{ahead_of_machine}.then((seconds) => seconds === 3600)")
        context.close()
