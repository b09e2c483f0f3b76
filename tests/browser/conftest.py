"""A real Chromium against a real server: real services on SQLite, a clock that tests move, real SMTP.

For a test:

    live        the server: `live.url("/portal/")`, `live.services`, `live.clock`, `live.inbox`, `live.deliver()`
    page        a fresh browser (cookies of its own) at 1440 px; `open_page(language="en", width=360)` for others
    press(page)      the page's one act, or another link or button, and the page it leads to
    serious(page)    axe's serious and critical findings (must be empty)
    is_well_made(page, "name")    what every page must be, in both widths
    look(page, "name")    a screenshot into the folder named by KAGIYA_SCREENSHOTS, if that is set

Chromium is Debian's; a missing one fails every test here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from provisioning.jobs.send_mails import SendMailsCommand, send_mails
from provisioning.mail.smtp import SmtpMailer, SmtpServer
from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.settings import MailSettings, Settings
from tests.fixtures import looked_at
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down_at
from tests.fixtures.web_server import web_server
from tests.portal.conftest import MovableClock
from tests.rig.mail_catcher import Inbox, MailCatcher
from web import catalogues
from web.app import create_app

CHROMIUM = "/usr/bin/chromium-headless-shell"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Axe()
FINDINGS = "axe.run({resultTypes: ['violations'], preload: false}).then(results => results.violations)"
"""The many checks that a page passes are not carried over, and no film or sound is loaded: pages have none."""
SCREEN_AND_LANGUAGE = """[
    document.querySelector(".screen-id")?.textContent.match(/[A-Z]{3}\\d{3}/)?.[0] ?? "none",
    document.documentElement.lang,
].join(" ")"""
BROKEN_IDENTIFIERS = """[...document.querySelectorAll("main :is(.number, .whole, .whole--long)")].filter(one => {
    if (one.children.length || /\\s/.test(one.textContent.trim())) return false;
    const text = document.createRange();
    text.selectNodeContents(one);
    const parts = [...text.getClientRects()];
    const around = getComputedStyle(one).display.startsWith("inline") ? one.parentElement : one;
    const { paddingLeft, paddingRight } = getComputedStyle(around);
    const room = around.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    return parts.length > 1 && parts.reduce((sum, part) => sum + part.width, 0) < room;
}).map(one => one.outerHTML)"""
"""Those that one line would hold."""
ACT = "main .button--main:visible, main .button--danger:visible"
WIDE, NARROW, HEIGHT = 1440, 360, 900
SIZES = {"wide": WIDE, "narrow": NARROW}
LANGUAGES = looked_at.LANGUAGES
WAIT_MS = 30_000
"""Until a busy machine has answered; what is there at once is not waited for."""


@dataclass(frozen=True)
class Live:
    """A running server with everything behind it."""

    port: int
    app: Flask
    services: Services
    clock: MovableClock
    inbox: Inbox

    def url(self, path: str) -> str:
        """Address of a path."""
        return f"http://localhost:{self.port}{path}"

    def deliver(self) -> None:
        """What the worker does: send the mails that are owed, over SMTP, into `inbox`."""
        mail = self.services.settings.mail
        mailer = SmtpMailer(SmtpServer(mail.host, mail.port, mail.starttls))
        send_mails(self.services, SendMailsCommand(mailer), self.clock())


def sign_in_teller(page: Page, live: Live) -> None:
    """A teller of `dual`, 本店, at the first page of the console."""
    staff_id = new_staff(live.services, live.clock())
    sit_down_at(page, live.url(""), session_of(live.services, staff_id, live.clock()))


OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this process."""
    assert Path(CHROMIUM).exists(), f"{CHROMIUM} is missing: install Debian's package chromium-headless-shell"
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session", autouse=True)
def _english() -> None:
    catalogues.compile_all()


_asked: set[str] = set()
"""Of which screens, and in which language, axe was asked in the test at hand."""


@pytest.fixture(autouse=True)
def _tell_of_screens(record_property: Callable[[str, object], None]) -> Iterator[None]:
    """For tests.fixtures.looked_at, which sees all tests."""
    _asked.clear()
    yield
    for screen in sorted(_asked):
        record_property(looked_at.LOOKED_AT, screen)


@pytest.fixture
def clock() -> MovableClock:
    """2026-11-20 12:00:00 in Japan until moved."""
    return MovableClock()


@pytest.fixture
def catcher(tmp_path: Path, clock: MovableClock) -> Iterator[MailCatcher]:
    """An SMTP server that keeps what it gets."""
    with MailCatcher(tmp_path / "mails", clock) as catcher:
        yield catcher


@pytest.fixture
def settings(settings: Settings, catcher: MailCatcher) -> Settings:
    """The ordinary test settings, with the mail going to the catcher."""
    mail = MailSettings(host="127.0.0.1", port=catcher.port, starttls=False)
    return replace(settings, mail=mail)


@pytest.fixture
def live(services: Services, clock: MovableClock, catcher: MailCatcher) -> Iterator[Live]:
    """The server on a free port of localhost, every role in it."""
    app = create_app(services, ALL_ROLES, clock)
    with web_server(app, "localhost") as port:
        yield Live(port, app, services, clock, catcher.inbox)


@pytest.fixture
def open_page(browser: Browser, live: Live) -> Iterator[OpenPage]:
    """Opens browsers of different people; fails at the end if a page threw, broke its policy or left us."""
    contexts = []
    complaints: list[str] = []

    def open_one(language: str = "ja", width: int = WIDE, javascript: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHT}, locale="ja-JP", java_script_enabled=javascript
        )
        context.set_default_timeout(WAIT_MS)
        context.add_cookies([{"name": "kagiya-language", "value": language, "url": live.url("/")}])
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"threw: {error}"))
        page.on("console", lambda message: _policy_broken(message.text, complaints))
        page.on("request", lambda request: _elsewhere(request.url, live, complaints))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A browser in Japanese at 1440 px."""
    return open_page()


def press(page: Page, what: str | Locator = ACT) -> None:
    """A link or button, by itself the page's one act; the page it leads to is there afterwards."""
    with page.expect_navigation():
        (page.locator(what) if isinstance(what, str) else what).click()


def serious(page: Page) -> list[str]:
    """axe's serious and critical findings on the page as it stands, each with where."""
    _asked.add(page.evaluate(SCREEN_AND_LANGUAGE))
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    return [
        f"{finding['id']}: {finding['help']} ({[node['html'] for node in finding['nodes']]})"
        for finding in page.evaluate(FINDINGS)
        if finding["impact"] in ("serious", "critical")
    ]


def look(page: Page, name: str) -> None:
    """A screenshot of the entire page, where somebody wants to look."""
    folder = os.environ.get("KAGIYA_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def is_well_made(page: Page, name: str) -> None:
    """In both widths, the narrow one last: no serious finding, nothing beyond the edge, one primary button,
    and no identifier that goes on in the next line.
    """
    for size, width in SIZES.items():
        page.set_viewport_size({"width": width, "height": HEIGHT})
        look(page, f"{name}-{size}")
        assert serious(page) == []
        assert fits(page)
        assert page.evaluate(BROKEN_IDENTIFIERS) == []
        assert page.locator("main .button--main:visible").count() <= 1


def fits(page: Page) -> bool:
    """Nothing makes the page scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def _policy_broken(text: str, complaints: list[str]) -> None:
    if "Content Security Policy" in text:
        complaints.append(text)


def _elsewhere(url: str, live: Live, complaints: list[str]) -> None:
    if not url.startswith((live.url("/"), "data:", "blob:")):
        complaints.append(f"asked for {url}")
