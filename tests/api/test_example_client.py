"""The example client walks manual 003 through the bank API alone, against a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import tests
from provisioning.institutions import load_institutions
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.rules.actor import SYSTEM
from provisioning.rules.bank_scopes import BankScope
from provisioning.rules.institution import Institution
from provisioning.services import Services
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer
from tests.soft.independent_client import IndependentClient, Token
from tests.soft.serving import MovableClock, Served, served

CLIENT = Path(tests.__file__).parents[1] / "docs" / "examples" / "bank_client.py"
SCOPES = frozenset({BankScope.READ, BankScope.ISSUE, BankScope.VERIFY, BankScope.END, BankScope.EVENTS})
INSTITUTION = "limit-lowering"
USER_ID, ACTIVATION_PASSWORD = "123456780001", "83719264"


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """As shipped after manual 003; the tests' customers have twelve digits."""
    return {INSTITUTION: replace(load_institutions()[INSTITUTION], user_id_pattern="[0-9]{12}")}


@pytest.fixture
def clock() -> MovableClock:
    """2026-11-20 12:00:00 in Japan until moved."""
    return MovableClock()


@pytest.fixture
def server(services: Services, clock: MovableClock) -> Iterator[Served]:
    """Every role on a free port."""
    with served(services, clock) as running:
        yield running


class Customer:
    """Answers what the client asks, with a phone in hand."""

    def __init__(self, server: Served, clock: MovableClock) -> None:
        self.clock = clock
        service_id = server.services.institution(INSTITUTION).service_id
        self.app = IndependentClient(
            server.origin, service_id, USER_ID, ACTIVATION_PASSWORD, least_iterations=1000
        )
        self.token: Token | None = None

    def answer(self, question: str) -> str:
        """What the customer types or does."""
        if question.startswith("Set the app up"):
            self.token = self.app.set_up()
        elif question.startswith("The next token may be issued"):
            assert "2026-11-20T15:00:00+00:00" in question  # midnight in Japan
            self.clock.advance(hours=12)
        elif "code" in question:
            assert self.token is not None
            self.clock.advance(minutes=1)
            return self.token.code(self.clock())
        elif question.startswith("Activation password"):
            return ACTIVATION_PASSWORD
        elif question.startswith("Confirmation password"):
            return CONFIRMATION_PASSWORD
        return "yes"


@sqlite_only
def test_manual_003_is_walked_through_the_api_alone(server: Served, clock: MovableClock) -> None:
    services = server.services
    add_customer(services, USER_ID, INSTITUTION, transfer_limit_yen=500_000)
    key = add_bank_client(services, AddBankClientCommand(INSTITUTION, "host", SYSTEM, scopes=SCOPES), clock()).key
    service_id = services.institution(INSTITUTION).service_id
    command = [sys.executable, str(CLIENT), service_id, USER_ID, "taro@mihon.example"]
    customer, said = Customer(server, clock), list[str]()
    with subprocess.Popen(
        command,
        env={**os.environ, "KAGIYA_URL": server.origin, "KAGIYA_KEY": key},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        for line in map(str.strip, client.stdout):
            if line.endswith("?"):
                client.stdin.write(f"{customer.answer(line)}\n")
                client.stdin.flush()
            else:
                said.append(line)
    assert client.returncode == 0
    assert said == [
        "issued",
        "activated",
        "logged in",
        "transfer limit 500000",
        "released",
        "event 1: released, limit at most 200000",
        "transfer limit 200000",
        "issued",
    ]
