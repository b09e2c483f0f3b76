"""A key reaches its scopes and nothing else (R76)."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import product
from pathlib import Path

import pytest
from alembic import command
from click.testing import CliRunner
from sqlalchemy import create_engine, select

import tests
from provisioning import migrations
from provisioning.cli.bank_client import bank_client
from provisioning.errors import BadInput
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.jobs.check_bank_key import check_bank_key
from provisioning.rules.actor import SYSTEM
from provisioning.rules.bank_scopes import ALL_SCOPES, BankScope, read_scopes, write_scopes
from provisioning.services import Services
from provisioning.store.tables import BankClient, Customer
from tests.api.bank import Bank, open_bank
from tests.api.conftest import Served
from tests.fixtures.databases import sqlite_only
from web.api.bank.operations import OPERATIONS


@sqlite_only
def test_a_key_of_one_scope_reaches_exactly_its_operations(served: Served, customer_a: Customer) -> None:
    banks = {scope: open_bank(served, customer_a.user_id, scopes=frozenset({scope})) for scope in BankScope}
    for (scope, bank), (name, operation) in product(banks.items(), OPERATIONS.items()):
        answer = bank.send(operation)
        refused = {"error": "out_of_scope", "scope": operation.scope.value}
        if operation.scope is scope:
            assert answer.json() != refused, name
        else:
            assert (answer.status_code, answer.json()) == (403, refused), name


@sqlite_only
def test_nothing_is_reached_without_a_key(served: Served, bank: Bank) -> None:
    for key in ("wrong", bank.key[:-1]):
        bank.key = key
        for name, operation in OPERATIONS.items():
            served.advance(seconds=1)
            answer = bank.send(operation)
            assert (answer.status_code, answer.json()) == (401, {"error": "not_authentic"}), name


@sqlite_only
def test_what_is_out_of_scope_is_not_even_read(served: Served, customer_a: Customer) -> None:
    bank = open_bank(served, customer_a.user_id, scopes=frozenset({BankScope.VERIFY}))
    assert bank.post("/revoke", {"nonsense": 1}).json() == {"error": "out_of_scope", "scope": "end"}
    assert bank.post("/verify", {"nonsense": 1}).status_code == 422


def test_scopes_are_kept_in_one_order_and_read_again() -> None:
    assert write_scopes({BankScope.EVENTS, BankScope.READ}) == "read events"
    assert read_scopes(write_scopes(ALL_SCOPES)) == ALL_SCOPES


def test_every_scope_is_explained_and_opens_something() -> None:
    page = (Path(tests.__file__).parents[1] / "docs" / "bank-api.md").read_text(encoding="utf-8")
    of_scopes = page.partition("## Keys and scopes")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z_]+)` \|", of_scopes, re.M) == [scope.value for scope in BankScope]
    assert {operation.scope for operation in OPERATIONS.values()} == set(BankScope)


@sqlite_only
def test_a_key_without_a_scope_is_not_made(served: Served) -> None:
    with pytest.raises(BadInput) as refused:
        add_bank_client(
            served.services, AddBankClientCommand("dual", "host", SYSTEM, scopes=frozenset()), served.at
        )
    assert refused.value.field == "scopes"


@sqlite_only
@pytest.mark.parametrize(("typed", "kept"), [([], ALL_SCOPES), (["verify", "read"], {"read", "verify"})])
def test_an_operator_names_the_scopes(
    services: Services, monkeypatch: pytest.MonkeyPatch, typed: list[str], kept: set[str]
) -> None:
    monkeypatch.setattr("provisioning.cli.compose.operator_services", lambda _file: services)
    options = [part for scope in typed for part in ("--scope", scope)]
    done = CliRunner().invoke(bank_client, ["add", "--institution", "dual", "--name", "勘定系", *options], obj="")
    assert done.exit_code == 0, done.output
    with services.store.read() as tx:
        assert read_scopes(tx.scalars(select(BankClient.scopes)).one()) == kept


def test_a_key_given_out_before_there_were_scopes_reaches_everything(
    database_url: str, services: Services, now: datetime
) -> None:
    key = add_bank_client(
        services, AddBankClientCommand("dual", "host", SYSTEM, scopes=frozenset({BankScope.READ})), now
    ).key
    services.store.close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations.configuration(connection), "0005")
    engine.dispose()
    migrations.upgrade(database_url)
    assert check_bank_key(services, f"Bearer {key}").scopes == ALL_SCOPES


def test_a_scope_that_is_not_there_is_wrong_usage() -> None:
    options = ["add", "--institution", "dual", "--name", "x", "--scope", "everything"]
    assert CliRunner().invoke(bank_client, options, obj="").exit_code == 2
