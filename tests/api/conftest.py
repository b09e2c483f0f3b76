"""The real application behind a real socket, on either database, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest
from flask import Flask

from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.api.bank import Bank, later, open_bank
from tests.fixtures.web_server import web_server
from tests.fobs.desk import Desk, PlainFob, open_desk
from web.api.bank.errors import ERRORS
from web.api.bank.fields import PREFIX
from web.app import create_app


@dataclass
class Clock:
    """Stands still until it is moved."""

    at: datetime


@dataclass
class Served:
    """A running server. `http` has its address as base."""

    app: Flask
    services: Services
    http: httpx.Client
    clock: Clock

    @property
    def at(self) -> datetime:
        """The server's time."""
        return self.clock.at

    def unix_time(self) -> float:
        """The same in seconds."""
        return self.clock.at.timestamp()

    def advance(self, **by: float) -> None:
        """Move the clock."""
        self.clock.at += timedelta(**by)


@pytest.fixture
def served(services: Services, now: datetime) -> Iterator[Served]:
    """Every role on one free port."""
    clock = Clock(now)
    app = create_app(services, ALL_ROLES, lambda: clock.at)
    hooks = {"response": [told_by_the_table]}
    with (
        web_server(app) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, event_hooks=hooks) as http,
    ):
        yield Served(app, services, http, clock)


def told_by_the_table(answer: httpx.Response) -> None:
    """Whatever the bank API refuses, in any test, has a code of its table, and that code's status and members."""
    if not answer.url.path.startswith(f"{PREFIX}/") or answer.status_code < 400:
        return
    answer.read()
    told = answer.json()
    known = ERRORS[told["error"]]
    assert (known.status, set(told) - {"error"} - set(known.facts)) == (answer.status_code, set())


@pytest.fixture
def bank(served: Served, customer_a: Customer) -> Bank:
    """The bank, calling about customer A."""
    return open_bank(served, customer_a.user_id)


@pytest.fixture
def desk(served: Served) -> Desk:
    """A station at the branch."""
    return open_desk(served.services, served.at)


@pytest.fixture
def plain(desk: Desk, fob: Fob) -> PlainFob:
    """A fob in stock, plugged in."""
    return desk.plug(fob)


@pytest.fixture
def active(bank: Bank, desk: Desk, plain: PlainFob) -> PlainFob:
    """The fob issued by the bank, written and activated; a minute later."""
    assert bank.post("/credentials", kind="hard", fob_serial=plain.serial).status_code == 201
    desk.work()
    assert bank.decide("/activate", otp=plain.code(bank.served.at)) == ("accepted", None)
    later(bank, desk, minutes=1)
    return plain
