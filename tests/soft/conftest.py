"""Fixtures of the soft-token tests: a server on a real port, a clock that is moved, an issued token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.soft.independent_client import IndependentClient
from tests.soft.issuing import ACTIVATION_PASSWORD, issue
from tests.soft.serving import MovableClock, Served, served
from web import catalogues


@pytest.fixture(scope="session", autouse=True)
def _english() -> None:
    catalogues.compile_all()


@pytest.fixture
def clock(now: datetime) -> MovableClock:
    """2026-11-20 12:00:00 in Japan until moved."""
    return MovableClock(now)


@pytest.fixture
def server(services: Services, clock: MovableClock) -> Iterator[Served]:
    """Every role on a free port of localhost."""
    with served(services, clock) as one:
        yield one


@pytest.fixture
def issued(server: Served, customer_a: Customer, clock: MovableClock) -> IssuedSoft:
    """A soft token issued to customer A, its app not set up yet."""
    return issue(server.services, customer_a, clock())


@pytest.fixture
def client(server: Served, issued: IssuedSoft) -> IndependentClient:
    """An app in customer A's hands that knows the right password, and the set-up code if there is one."""
    return app_for(server, issued)


def app_for(server: Served, issued: IssuedSoft, password: str = ACTIVATION_PASSWORD) -> IndependentClient:
    """An app with a key of its own; the tests ask few iterations of it."""
    code = issued.setup_code.grouped if issued.setup_code else ""
    ids = (issued.service_id, issued.user_id)
    return IndependentClient(server.origin, *ids, password, least_iterations=1000, setup_code=code)
