"""A town with all five institutions, and its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from provisioning.institutions import load_institutions
from provisioning.rules.institution import Institution
from provisioning.services import Services
from tests.browser.conftest import WAIT_MS, WIDE
from tests.browser.counter import RigTime
from tests.browser.manuals.town import Town
from tests.browser.soft_token.conftest import ITERATIONS
from tests.fixtures.people import NOON
from tests.rig.clock import RigClock
from tests.rig.mail_catcher import MailCatcher
from tests.soft.serving import served

OpenWindow = Callable[..., Page]


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """The shipped ones, all on one server."""
    return load_institutions()


@pytest.fixture
def clock(tmp_path: Path) -> RigTime:
    """It is noon in Japan on 20 November 2026, and time goes on."""
    clock = RigClock(tmp_path / "rig")
    clock.advance(round((NOON - clock.now()).total_seconds()))
    return RigTime(clock)


@pytest.fixture
def open_window(browser: Browser) -> Iterator[OpenWindow]:
    """Opens browsers of different people, in Japanese; fails at the end if a page threw or broke its policy."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(width: int = WIDE) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, locale="ja-JP")
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"threw: {error}"))
        page.on("console", lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def town(services: Services, clock: RigTime, catcher: MailCatcher, open_window: OpenWindow) -> Iterator[Town]:
    """An empty database behind a server at its own port."""
    with served(services, clock, ITERATIONS) as site:
        yield Town(site.services, site.origin, clock, catcher.inbox, open_window)
