"""The product at the machine's own time with production's iterations, phones, and a token waiting for its app."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.rules.app_profile import AppProfile, DisplayName
from provisioning.rules.institution import Institution
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.browser.soft_token.hands import wall_clock
from tests.soft.issuing import issue
from tests.soft.serving import Served, served

ITERATIONS = 600_000


@pytest.fixture
def institutions(institutions: Mapping[str, Institution]) -> Mapping[str, Institution]:
    """`dual` wants consent and has display names behind its own, `other` in place of it."""
    return {
        "dual": replace(institutions["dual"], app=AppProfile(consent=True)),
        "other": replace(
            institutions["other"], app=AppProfile(display_name=DisplayName.REPLACES, feature_phone=True)
        ),
    }


@pytest.fixture
def site(services: Services) -> Iterator[Served]:
    """The product on a real port, at the machine's own time, asking as many iterations as in production."""
    with served(services, wall_clock, ITERATIONS) as one:
        yield one


@pytest.fixture
def phone(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens phones; fails at the end if a page threw or broke its content security policy."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(language: str = "ja", **options: Any) -> Page:
        options = {"viewport": {"width": 360, "height": 740}, "locale": "ja-JP", **options}
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
        context.set_default_timeout(15_000)
        context.add_cookies([{"name": "kagiya-language", "value": language, "url": "http://localhost/"}])
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
def issued(site: Served, customer_a: Customer) -> IssuedSoft:
    """A soft token waiting for its app."""
    return issue(site.services, customer_a, wall_clock())
