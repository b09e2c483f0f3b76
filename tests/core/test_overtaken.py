"""Between the verifier's answer and the write: all is asked anew, and nothing counts twice (R06, R07)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select, update

from provisioning.errors import StoreFault, StoreUnavailable, WrongState
from provisioning.jobs.check_code import check_code, store_checked
from provisioning.jobs.resync import ResyncCommand, ResyncResult, resync
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.rounds import MAX_ROUNDS, Overtaken
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.otp import step_at
from provisioning.rules.parameters import OtpParameters, OtpType
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Credential, Customer, Fob
from provisioning.store.vault import SeedContext
from tests.fixtures.databases import sqlite_only
from tests.fixtures.slow_verifier import asking_slowly
from tests.fixtures.tokens import Token, give_token, read_credential

pytestmark = sqlite_only

Event = Callable[[Services, Token, datetime], object]
ACCEPTED = ResyncResult(Outcome.ACCEPTED, 3)
REFUSED = ResyncResult(Outcome.REFUSED)
ACTIVE, SUSPENDED = CredentialState.ACTIVE, CredentialState.SUSPENDED


@pytest.fixture
def stray(services: Services, customer_a: Customer, fob: Fob, now: datetime) -> Token:
    """A fob in use whose clock is two steps ahead, beyond the window."""
    token = give_token(services, customer_a, now, fob=fob)
    token.clock_offset_s = 120
    return token


def pair(services: Services, token: Token, now: datetime) -> ResyncResult:
    """What it shows, and what it shows next: steps 2 and 3."""
    codes = (token.code(now), token.code(now, 1))
    return resync(services, ResyncCommand("dual", token.credential_id, *codes, SYSTEM), now)


def typed(services: Services, token: Token, now: datetime, step: int) -> Reason | None:
    """A login with the code of a step, counted from the server's."""
    code = token.counted(step_at(now, 60) + step)
    return verify(services, VerifyCommand("dual", token.user_id, code, SYSTEM), now).reason


def nothing(_services: Services, _token: Token, _now: datetime) -> None:
    pass


def same_pair(services: Services, token: Token, now: datetime) -> None:
    assert pair(services, token, now) == ACCEPTED


def used(services: Services, token: Token, now: datetime) -> None:
    assert typed(services, token, now, 1) is None


def seen(services: Services, token: Token, now: datetime) -> None:
    assert typed(services, token, now, 30) is Reason.WRONG


def first_seen(services: Services, token: Token, now: datetime) -> None:
    assert typed(services, token, now, 2) is Reason.WRONG


def suspended(services: Services, token: Token, now: datetime) -> None:
    for _ in range(5):
        verify(services, VerifyCommand("dual", token.user_id, token.wrong(now), SYSTEM), now)


def drifted(services: Services, token: Token, _now: datetime) -> None:
    put(services, token, drift_steps=1)


def seed_changed(services: Services, token: Token, _now: datetime) -> None:
    sealed = services.sealer.seal(secrets.token_bytes(20), SeedContext("dual", token.credential_id, 2))
    put(services, token, sealed_seed=sealed.sealed_seed, wrapped_key=sealed.wrapped_key, seed_version=2)


def revoked(services: Services, token: Token, now: datetime) -> None:
    revoke(services, RevokeCommand("dual", token.credential_id, EndedHow.REVOKED, SYSTEM), now)


def put(services: Services, token: Token, **values: object) -> None:
    with services.store.write() as tx:
        tx.execute(update(Credential).where(Credential.id == token.credential_id).values(**values))


def results(services: Services, act: str) -> list[str]:
    with services.store.read() as tx:
        return list(tx.scalars(select(AuditEntry.result).where(AuditEntry.act == act).order_by(AuditEntry.id)))


@pytest.mark.parametrize(
    ("event", "result", "asked", "last", "seen_step", "failures", "state"),
    [
        (nothing, ACCEPTED, 1, 3, 3, 0, ACTIVE),
        (same_pair, REFUSED, 2, 3, 3, 0, ACTIVE),
        (used, ACCEPTED, 2, 3, 3, 0, ACTIVE),
        (seen, REFUSED, 2, None, 30, 1, ACTIVE),
        (first_seen, REFUSED, 2, None, 3, 1, ACTIVE),
        (suspended, ACCEPTED, 2, 3, 3, 5, SUSPENDED),
        (drifted, ACCEPTED, 2, 3, 3, 0, ACTIVE),
        (seed_changed, REFUSED, 2, None, None, 0, ACTIVE),
    ],
)
def test_a_resynchronisation(
    services: Services,
    stray: Token,
    now: datetime,
    event: Event,
    result: ResyncResult,
    asked: int,
    last: int | None,
    seen_step: int | None,
    failures: int,
    state: CredentialState,
) -> None:
    apart, verifier = asking_slowly(services, lambda: event(services, stray, now))
    assert pair(apart, stray, now) == result
    row, server_step = read_credential(services, stray), step_at(now, 60)
    steps = [-1 if step is None else server_step + step for step in (last, seen_step)]
    assert [row.last_step, row.highest_seen_step] == steps
    assert (row.failures, row.state, verifier.asked) == (failures, state, asked)
    assert results(services, "resync").count("accepted") == (last == 3)
    spent = typed(services, stray, now, 3)
    assert spent is not None, "a code that was shown is accepted after it"


def test_a_token_that_ended_meanwhile_is_not_resynchronised(
    services: Services, stray: Token, now: datetime
) -> None:
    apart, _ = asking_slowly(services, lambda: revoked(services, stray, now))
    with pytest.raises(WrongState) as refused:
        pair(apart, stray, now)
    assert refused.value == WrongState("credential", CredentialState.ENDED)
    row = read_credential(services, stray)
    assert (row.last_step, row.sealed_seed, results(services, "resync")) == (-1, None, [])


def test_whoever_is_always_overtaken_is_told_that_nothing_was_written(
    services: Services, stray: Token, now: datetime
) -> None:
    events = [lambda step=step: put(services, stray, highest_seen_step=step) for step in range(MAX_ROUNDS)]
    apart, verifier = asking_slowly(services, *events)
    with pytest.raises(StoreUnavailable) as refused:
        pair(apart, stray, now)
    assert (refused.value.fault, verifier.asked) == (StoreFault.LOCKED, 8)
    row = read_credential(services, stray)
    assert (row.last_step, row.drift_steps, results(services, "resync")) == (-1, 0, [])
    assert pair(apart, stray, now) == ACCEPTED


CHANGES: dict[str, object] = {
    "state": CredentialState.SUSPENDED,
    "seed_version": 2,
    "last_step": 100,
    "highest_seen_step": 100,
    "drift_steps": 1,
}


@pytest.mark.parametrize("changed", [None, "failures", *CHANGES])
def test_a_proof_is_stored_in_the_row_that_was_asked_about_and_in_no_other(
    services: Services, customer_a: Customer, customer_b: Customer, fob: Fob, now: datetime, changed: str | None
) -> None:
    token = give_token(services, customer_a, now, CredentialState.SET_UP, fob)
    other = give_token(services, customer_b, now, CredentialState.SET_UP)
    checked = check_code(services, read_credential(services, token), None, token.code(now), now)
    assert checked.fits
    if changed is not None:
        put(services, token, **{changed: CHANGES.get(changed, 3)})
    before = read_credential(services, token)
    if changed in CHANGES:
        with pytest.raises(Overtaken), services.store.write() as tx:
            store_checked(tx, checked, failures=0)
    else:
        with services.store.write() as tx:
            assert store_checked(tx, checked, failures=0)
    row = read_credential(services, token)
    expected = before.highest_seen_step if changed in CHANGES else step_at(now, 60)
    assert (row.highest_seen_step, row.failures, row.last_step) == (expected, 0, before.last_step)
    assert read_credential(services, other).highest_seen_step == -1


def test_a_counter_that_two_ask_about_at_once_is_spent_once(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    counts = OtpParameters(OtpType.HOTP, period_s=0)
    token = give_token(services, customer_a, now, CredentialState.SET_UP, fob, counts)
    row = read_credential(services, token)
    first, second = (check_code(services, row, None, token.counted(3), now) for _ in range(2))
    assert first.fits
    assert second.fits
    with services.store.write() as tx:
        assert store_checked(tx, first)
    with pytest.raises(Overtaken), services.store.write() as tx:
        store_checked(tx, second)
    again = check_code(services, read_credential(services, token), None, token.counted(3), now)
    assert not again.fits
    assert read_credential(services, token).last_step == 3
