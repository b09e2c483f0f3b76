"""What happens between the reading of a row and the write that decides: everything is judged anew (R06, R11)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from pytest_mock import MockerFixture
from sqlalchemy import update

from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.otp import match
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.rules.verdict import Reason
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from provisioning.store.vault import SeedContext
from tests.fixtures.tokens import Token, give_token, read_credential

Act = Callable[[Services, Token, str, datetime], Reason | None]
Event = Callable[[Services, Token, datetime], object]


def log_in(services: Services, token: Token, otp: str, now: datetime) -> Reason | None:
    return verify(services, VerifyCommand("dual", token.user_id, otp, SYSTEM), now).reason


def put_in_force(services: Services, token: Token, otp: str, now: datetime) -> Reason | None:
    return activate(services, ActivateCommand("dual", token.user_id, otp, SYSTEM), now).reason


def let_go(services: Services, token: Token, otp: str, now: datetime) -> Reason | None:
    return release(services, ReleaseCommand("dual", token.user_id, otp, None, SYSTEM), now).reason


def revoked(services: Services, token: Token, now: datetime) -> None:
    revoke(services, RevokeCommand("dual", token.credential_id, EndedHow.REVOKED, SYSTEM), now)


def suspended(services: Services, token: Token, now: datetime) -> None:
    act = log_in if read_credential(services, token).state is CredentialState.ACTIVE else put_in_force
    for _ in range(5):
        act(services, token, token.wrong(now), now)


def activated(services: Services, token: Token, now: datetime) -> None:
    assert put_in_force(services, token, token.code(now), now) is None


def newer_code_used(services: Services, token: Token, now: datetime) -> None:
    assert log_in(services, token, token.code(now, 1), now) is None


def seed_changed(services: Services, token: Token, now: datetime) -> None:
    sealed = services.sealer.seal(secrets.token_bytes(20), SeedContext("dual", token.credential_id, 2))
    values = {"sealed_seed": sealed.sealed_seed, "wrapped_key": sealed.wrapped_key, "seed_version": 2}
    with services.store.write() as tx:
        tx.execute(update(Credential).where(Credential.id == token.credential_id).values(**values))


def meanwhile(mocker: MockerFixture, event: Callable[[], object]) -> None:
    """`event` happens once, when the next code has been judged and nothing is written yet."""
    waiting = [event]

    def judged(*arguments: Any) -> Any:
        found = match(*arguments)
        if waiting:
            waiting.pop()()
        return found

    mocker.patch("provisioning.verifier.local.match", judged)


@pytest.mark.parametrize(
    ("event", "right", "reason", "failures", "state"),
    [
        (revoked, True, Reason.NOT_ACTIVE, 0, CredentialState.ENDED),
        (revoked, False, Reason.NOT_ACTIVE, 0, CredentialState.ENDED),
        (suspended, True, Reason.SUSPENDED, 5, CredentialState.SUSPENDED),
        (suspended, False, Reason.SUSPENDED, 5, CredentialState.SUSPENDED),
        (newer_code_used, True, Reason.USED, 0, CredentialState.ACTIVE),
        (newer_code_used, False, Reason.WRONG, 1, CredentialState.ACTIVE),
        (seed_changed, True, Reason.WRONG, 1, CredentialState.ACTIVE),
        (seed_changed, False, Reason.WRONG, 1, CredentialState.ACTIVE),
    ],
)
def test_a_login(
    services: Services,
    customer_a: Customer,
    now: datetime,
    mocker: MockerFixture,
    event: Event,
    right: bool,
    reason: Reason,
    failures: int,
    state: CredentialState,
) -> None:
    token = give_token(services, customer_a, now)
    meanwhile(mocker, lambda: event(services, token, now))
    otp = token.code(now) if right else token.wrong(now)
    assert log_in(services, token, otp, now) is reason
    row = read_credential(services, token)
    assert (row.failures, row.state) == (failures, state)


@pytest.mark.parametrize(
    ("begin", "act", "event", "right", "reason", "state"),
    [
        (CredentialState.SET_UP, put_in_force, revoked, True, Reason.NOT_ACTIVE, CredentialState.ENDED),
        (CredentialState.SET_UP, put_in_force, revoked, False, Reason.NOT_ACTIVE, CredentialState.ENDED),
        (CredentialState.SET_UP, put_in_force, suspended, True, Reason.SUSPENDED, CredentialState.SUSPENDED),
        (CredentialState.SET_UP, put_in_force, activated, True, Reason.USED, CredentialState.ACTIVE),
        (CredentialState.SET_UP, put_in_force, activated, False, Reason.USED, CredentialState.ACTIVE),
        (CredentialState.ACTIVE, let_go, revoked, True, Reason.NOT_ACTIVE, CredentialState.ENDED),
        (CredentialState.ACTIVE, let_go, suspended, True, Reason.SUSPENDED, CredentialState.SUSPENDED),
        (CredentialState.ACTIVE, let_go, suspended, False, Reason.SUSPENDED, CredentialState.SUSPENDED),
    ],
)
def test_an_activation_or_release(
    services: Services,
    customer_a: Customer,
    now: datetime,
    mocker: MockerFixture,
    begin: CredentialState,
    act: Act,
    event: Event,
    right: bool,
    reason: Reason,
    state: CredentialState,
) -> None:
    token = give_token(services, customer_a, now, begin)
    meanwhile(mocker, lambda: event(services, token, now))
    otp = token.code(now) if right else token.wrong(now)
    assert act(services, token, otp, now) is reason
    row = read_credential(services, token)
    assert row.state is state
    assert row.ended_how in (None, EndedHow.REVOKED)
