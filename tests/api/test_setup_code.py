"""The bank shows the set-up code of the strict activation profile on its own page: it is told once (R20)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from provisioning.rules.institution import Institution
from provisioning.rules.setup_code import LENGTH
from provisioning.store.tables import Customer
from tests.api.bank import SOFT, open_bank
from tests.api.conftest import Served
from tests.fixtures.databases import sqlite_only
from tests.soft.issuing import strict

pytestmark = sqlite_only


@pytest.fixture
def institutions(institutions: Mapping[str, Institution]) -> Mapping[str, Institution]:
    """`dual` is strict."""
    return strict(institutions)


def test_the_bank_is_told_a_code_at_the_issuance_and_at_a_resend(served: Served, customer_a: Customer) -> None:
    bank = open_bank(served, customer_a.user_id)
    status, issued = bank.ask("/credentials", **SOFT)
    assert (status, len(issued["setup_code"])) == (201, LENGTH)
    assert datetime.fromisoformat(issued["setup_until"]) == served.at + timedelta(minutes=10)
    assert "setup_code" not in bank.state()
    status, refused = bank.ask("/resend")
    assert (status, refused["field"], refused["fault"]) == (422, "activation_password", "missing")
    status, resent = bank.ask("/resend", activation_password=SOFT["activation_password"])
    assert (status, len(resent["setup_code"])) == (200, LENGTH)
    assert resent["setup_code"] != issued["setup_code"]
