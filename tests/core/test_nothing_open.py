"""The watch over every test notices a verifier that is asked while a connection is held."""

from __future__ import annotations

from datetime import datetime

import pytest

from provisioning.jobs.ask_verifier import context_of, sealed_of
from provisioning.jobs.check_code import check_code
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import give_token, read_credential


@sqlite_only
def test_a_code_is_not_asked_about_while_a_connection_is_held(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    row = read_credential(services, token)
    store = services.store
    for begin in (store.read, store.write, store.read_connection, store.write_connection, store.line):
        with pytest.raises(AssertionError, match="inside a connection"), begin():
            check_code(services, row, None, token.code(now), now)
    assert check_code(services, row, None, token.code(now), now).fits


@sqlite_only
def test_a_seed_is_not_opened_inside_a_transaction(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    row = read_credential(services, give_token(services, customer_a, now))
    assert services.opener is not None
    for begin in (services.store.write, services.store.write_connection):
        with pytest.raises(AssertionError, match="inside a transaction"), begin():
            services.opener.open(sealed_of(row), context_of(row))
