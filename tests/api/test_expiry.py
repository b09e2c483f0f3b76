"""The last day of a fob at the bank's interface: told while the token is open, a reason of its own afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from provisioning.jobs.expire import expire_credentials
from provisioning.jobs.set_expiry import SetExpiryCommand, set_expiry
from provisioning.rules.actor import SYSTEM
from provisioning.store.tables import Customer, Fob
from tests.api.bank import Bank, open_bank
from tests.api.conftest import Served
from tests.fixtures.people import CONFIRMATION_PASSWORD
from tests.fixtures.tokens import Token, give_token

EXPIRES_AT = datetime(2027, 3, 31, 15, 0, 0, tzinfo=UTC)


@pytest.fixture
def bank(served: Served, customer_a: Customer) -> Bank:
    """The bank asks about customer A."""
    return open_bank(served, customer_a.user_id)


@pytest.fixture
def token(served: Served, customer_a: Customer, fob: Fob) -> Token:
    """A's key fob, in use, whose last day is 31 March 2027."""
    set_expiry(served.services, SetExpiryCommand("dual", fob.id, SYSTEM, date(2027, 3, 31)), served.at)
    return give_token(served.services, customer_a, served.at, fob=fob)


def test_the_bank_knows_it_beforehand_and_is_told_the_reason(served: Served, bank: Bank, token: Token) -> None:
    assert datetime.fromisoformat(bank.state()["expires_at"]) == EXPIRES_AT
    served.clock.at = EXPIRES_AT - timedelta(minutes=2)
    assert bank.decide("/verify", otp=token.code(served.at)) == ("accepted", None)
    served.clock.at = EXPIRES_AT
    code = token.code(served.at)
    for path, more in (("/verify", {}), ("/release", {"confirmation_password": CONFIRMATION_PASSWORD})):
        assert bank.decide(path, otp=code, **more) == ("refused", "expired")
    expire_credentials(served.services, served.at)
    assert bank.decide("/verify", otp=code) == ("refused", "expired")
    state = bank.state()
    assert (state["state"], state["ended_how"], "expires_at" in state) == ("ended", "expired", False)


def test_a_token_without_a_last_day_has_none(served: Served, bank: Bank, customer_a: Customer) -> None:
    give_token(served.services, customer_a, served.at)
    assert "expires_at" not in bank.state()


def test_an_expired_fob_is_not_issued(served: Served, bank: Bank, fob: Fob) -> None:
    set_expiry(served.services, SetExpiryCommand("dual", fob.id, SYSTEM, date(2027, 3, 31)), served.at)
    served.clock.at = EXPIRES_AT
    refused = bank.ask("/credentials", kind="hard", fob_serial=fob.serial)
    assert refused == (409, {"error": "wrong_state", "what": "fob", "state": "expired"})
