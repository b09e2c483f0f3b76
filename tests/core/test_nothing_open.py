"""The watch over every test notices a seed that is opened inside a transaction that writes."""

from __future__ import annotations

from datetime import datetime

import pytest

from provisioning.jobs.check_code import check_code
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import give_token, read_credential


@sqlite_only
def test_a_code_is_not_asked_about_inside_a_transaction(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    row = read_credential(services, token)
    for begin in (services.store.write, services.store.write_connection):
        with pytest.raises(AssertionError, match="inside a transaction"), begin():
            check_code(services, row, None, token.code(now), now)
    assert check_code(services, row, None, token.code(now), now).fits
