"""The writes that decide find again in the row what the judgement was based on, or do nothing (R06, R11)."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import update

from provisioning.rules.otp import Counters
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from provisioning.store.verification import Standing, accept, count_wrong, read_standing, remember
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import Token, give_token, read_credential

pytestmark = sqlite_only

LIMIT = 5
CHANGES: dict[str, object] = {
    "last_step": 100,
    "failures": LIMIT,
    "state": CredentialState.SET_UP,
    "seed_version": 2,
}


@pytest.fixture
def tokens(services: Services, customer_a: Customer, customer_b: Customer, now: datetime) -> tuple[Token, Token]:
    """Of A and of B, both as new."""
    return give_token(services, customer_a, now), give_token(services, customer_b, now)


def standing_of(services: Services, token: Token) -> Standing:
    with services.store.line() as line:
        found = read_standing(line, services.institution("dual"), token.user_id, to_activate=False)
    assert isinstance(found, Standing)
    return found


def row(services: Services, token: Token) -> tuple[object, ...]:
    one = read_credential(services, token)
    return one.state, one.last_step, one.highest_seen_step, one.failures, one.suspended_at


@pytest.mark.parametrize("changed", [None, *CHANGES])
def test_a_step_is_taken_from_the_row_that_was_read_and_from_no_other(
    services: Services, tokens: tuple[Token, Token], changed: str | None
) -> None:
    mine, others = tokens
    standing = standing_of(services, mine)
    if changed is not None:
        with services.store.write() as tx:
            this = update(Credential).where(Credential.id == mine.credential_id)
            tx.execute(this.values({changed: CHANGES[changed]}))
    before = row(services, mine)
    with services.store.line() as line:
        assert accept(line, standing, Counters(100, 120, 0), LIMIT, None) is (changed is None)
    assert row(services, mine) == (before if changed else (CredentialState.ACTIVE, 100, 120, 0, None))
    assert row(services, others) == (CredentialState.ACTIVE, -1, -1, 0, None)


@pytest.mark.parametrize("changed", [None, "failures", "state", "seed_version"])
def test_a_wrong_code_is_counted_in_the_row_that_was_read_and_in_no_other(
    services: Services, tokens: tuple[Token, Token], now: datetime, changed: str | None
) -> None:
    mine, others = tokens
    standing = standing_of(services, mine)
    if changed is not None:
        with services.store.write() as tx:
            this = update(Credential).where(Credential.id == mine.credential_id)
            tx.execute(this.values({changed: CHANGES[changed]}))
    before = row(services, mine)
    with services.store.line() as line:
        counted = count_wrong(line, standing, Counters(-1, 50, 0), LIMIT, now)
    assert (counted is None) is (changed is not None)
    assert row(services, mine) == (before if changed else (CredentialState.ACTIVE, -1, 50, 1, None))
    assert row(services, others) == (CredentialState.ACTIVE, -1, -1, 0, None)


def test_what_was_seen_is_kept_in_one_row_of_one_version(services: Services, tokens: tuple[Token, Token]) -> None:
    mine, others = tokens
    standing = standing_of(services, mine)
    with services.store.line() as line:
        remember(line, standing, Counters(-1, 50, 0))
        remember(line, standing, Counters(-1, 40, 0))
        remember(line, None, Counters(-1, 90, 0))
    assert (row(services, mine)[2], row(services, others)[2]) == (50, -1)
    with services.store.write() as tx:
        tx.execute(update(Credential).where(Credential.id == mine.credential_id).values(seed_version=2))
    with services.store.line() as line:
        remember(line, standing, Counters(-1, 70, 0))
    assert row(services, mine)[2] == 50
