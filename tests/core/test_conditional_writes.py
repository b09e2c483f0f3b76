"""The writes that decide find again in the row what the judgement was based on, or do nothing (R06, R11)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from provisioning.rules.otp import Counters
from provisioning.rules.states import CredentialState, EndedHow, Slot
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from provisioning.store.verification import NoCredential, Standing, accept, count_wrong, read_standing, remember
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


def change(services: Services, token: Token, **values: object) -> None:
    with services.store.write() as tx:
        tx.execute(update(Credential).where(Credential.id == token.credential_id).values(**values))


def test_a_successor_is_read_with_its_own_customers_token_in_use(
    services: Services, tokens: tuple[Token, Token], customer_a: Customer, now: datetime
) -> None:
    def beside_suspended() -> bool:
        with services.store.line() as line:
            institution = services.institution("dual")
            found = read_standing(line, institution, customer_a.user_id, to_activate=True)
        assert isinstance(found, Standing)
        return found.beside_suspended

    mine, others = tokens
    change(services, others, state=CredentialState.SUSPENDED)
    change(services, mine, state=CredentialState.ENDED, ended_how=EndedHow.LOST, ended_at=now)
    in_use = give_token(services, customer_a, now)
    assert beside_suspended() is False
    change(services, in_use, slot=Slot.SUCCESSOR, state=CredentialState.SET_UP)
    assert beside_suspended() is False
    second = give_token(services, customer_a, now)
    assert beside_suspended() is False
    change(services, second, state=CredentialState.SUSPENDED)
    assert beside_suspended() is True
    change(services, in_use, state=CredentialState.ENDED, ended_how=EndedHow.LOST, ended_at=now)
    assert beside_suspended() is False  # what stands beside itself is none


def test_the_last_end_is_ones_own_and_the_latest(
    services: Services, tokens: tuple[Token, Token], customer_a: Customer, now: datetime
) -> None:
    mine, others = tokens
    ended = {"state": CredentialState.ENDED, "ended_at": now}
    change(services, mine, **ended, ended_how=EndedHow.LOST)
    newer = give_token(services, customer_a, now)
    later = {**ended, "ended_at": now + timedelta(days=1)}
    change(services, newer, **later, ended_how=EndedHow.EXPIRED)
    change(services, others, **{**ended, "ended_at": now + timedelta(days=2)}, ended_how=EndedHow.REVOKED)
    with services.store.line() as line:
        found = read_standing(line, services.institution("dual"), customer_a.user_id, to_activate=False)
    assert found == NoCredential(customer_a.id, EndedHow.EXPIRED, now + timedelta(days=1))
