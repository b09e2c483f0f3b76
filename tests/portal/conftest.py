"""The portal over real services, and people who use it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.people import NOON, PASSWORD
from tests.portal.visitor import Visitor
from web import catalogues
from web.app import create_app


class MovableClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        """Move on, in words of timedelta."""
        self.now += timedelta(**by)


@pytest.fixture(scope="session", autouse=True)
def _english() -> None:
    catalogues.compile_all()


@pytest.fixture
def clock() -> MovableClock:
    """2026-11-20 12:00:00 in Japan until moved."""
    return MovableClock()


@pytest.fixture
def app(services: Services, clock: MovableClock) -> Flask:
    """Every role in one process."""
    return create_app(services, ALL_ROLES, clock)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """A browser nobody signed in with."""
    return Visitor(app)


SignIn = Callable[..., Visitor]


@pytest.fixture
def sign_in(app: Flask) -> SignIn:
    """A browser in which a customer gave the login password, and the code where `code` is given."""

    def go(customer: Customer, code: str | None = None) -> Visitor:
        browser = Visitor(app).get(f"/portal/sign-in/{customer.institution_id}")
        browser.submit(browser.path, login_id=customer.login_id, password=PASSWORD)
        if code is not None:
            browser.submit("/portal/sign-in-code", otp=code)
        return browser

    return go
