"""An operator sees which of the bank's systems have keys, and takes one away."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from provisioning.cli.bank_client import bank_client
from provisioning.errors import NotFound, WrongState
from provisioning.jobs.revoke_bank_client import RevokeBankClientCommand, revoke_bank_client
from provisioning.rules.actor import SYSTEM
from provisioning.store.queries.bank_clients import bank_clients
from tests.api.bank import Bank
from tests.api.conftest import Served
from tests.fixtures.databases import sqlite_only

pytestmark = sqlite_only


@pytest.fixture
def operator(served: Served, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """At the server's own command line."""
    monkeypatch.setattr("provisioning.cli.compose.operator_services", lambda _file: served.services)
    monkeypatch.setattr("provisioning.cli.compose.utc_now", lambda: served.at)
    return CliRunner()


def run(operator: CliRunner, *words: str) -> Result:
    return operator.invoke(bank_client, words, obj="")


def test_a_key_is_seen_and_taken_away(served: Served, bank: Bank, operator: CliRunner) -> None:
    added = ["add", "--institution", "dual", "--name", "振込系", "--scope", "transfers", "--scope", "read"]
    served.advance(seconds=1)
    other = run(operator, *added).output.strip()
    mine, others = (line.split("  ") for line in run(operator, "list").output.splitlines())
    assert (others[1:]) == ["dual", "read,transfers", "works", "振込系"]
    assert bank.key not in "".join(mine)
    assert bank.post("/lift").status_code == 404

    assert run(operator, "revoke", mine[0]).exit_code == 0
    served.advance(seconds=1)
    assert bank.post("/lift").status_code == 401
    bank.key = other
    assert bank.post("/transfers").status_code == 422
    assert "revoked" in run(operator, "list").output.splitlines()[0]


def test_a_key_is_taken_away_once(served: Served, bank: Bank) -> None:
    (client,) = bank_clients(served.services.store)
    revoke_bank_client(served.services, RevokeBankClientCommand(client.id, SYSTEM), served.at)
    with pytest.raises(WrongState):
        revoke_bank_client(served.services, RevokeBankClientCommand(client.id, SYSTEM), served.at)
    with pytest.raises(NotFound):
        revoke_bank_client(served.services, RevokeBankClientCommand("nobody", SYSTEM), served.at)
