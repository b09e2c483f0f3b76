"""Where a judge of codes is not sure of the time, of the token beside, or is asked what the code is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pytest
from pytest_mock import MockerFixture
from sqlalchemy import update

from provisioning.clock import ClockGuard
from provisioning.errors import ClockUntrusted
from provisioning.jobs.judge_code import TypedCode, Use, VerifyResult, judge_code
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution, Replacement
from provisioning.rules.states import CredentialState, Slot
from provisioning.rules.verdict import Outcome, Reason
from provisioning.rules.verifier import Operation
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from provisioning.verifier.local import LocalVerifier
from tests.core.test_meanwhile import meanwhile
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import Token, give_token, read_credential

pytestmark = sqlite_only


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """`dual`, where a second token may stand beside the one in use."""
    return {DUAL.id: replace(DUAL, replacement=Replacement.SUCCESSOR)}


@pytest.fixture
def token(services: Services, customer_a: Customer, now: datetime) -> Token:
    return give_token(services, customer_a, now)


def judged(services: Services, token: Token, use: Use, now: datetime) -> VerifyResult:
    """A right code, for that use."""
    return judge_code(services, TypedCode(use, "dual", token.user_id, token.code(now), SYSTEM), now)


@pytest.mark.parametrize("whose", ["ours", "the verifier's"])
def test_a_clock_in_doubt_judges_nothing(
    services: Services, token: Token, now: datetime, mocker: MockerFixture, whose: str
) -> None:
    if whose == "ours":
        services = replace(services, clock=ClockGuard(lambda: False))
    else:
        mocker.patch.object(LocalVerifier, "judge", side_effect=ClockUntrusted)
    told = judged(services, token, Use.VERIFY, now)
    assert told == VerifyResult(
        Outcome.REFUSED, Reason.CLOCK, token.customer_id, token.credential_id, tries_left=5
    )
    assert read_credential(services, token).last_step == -1


@pytest.mark.parametrize("use", Use)
def test_whoever_judges_is_told_what_the_code_is_for(
    services: Services, token: Token, now: datetime, mocker: MockerFixture, use: Use
) -> None:
    judge, decoy = mocker.spy(LocalVerifier, "judge"), mocker.spy(LocalVerifier, "decoy")
    judged(services, token, use, now)
    assert judge.call_args.args[1].operation is Operation(use.value)
    judged(services, replace(token, user_id="999999999999"), use, now)
    assert decoy.call_args.args[1] is Operation(use.value)


def test_a_successor_waits_where_the_token_in_use_is_suspended_meanwhile(
    services: Services, customer_a: Customer, token: Token, now: datetime, mocker: MockerFixture
) -> None:
    def put(one: Token, **values: object) -> None:
        with services.store.write() as tx:
            tx.execute(update(Credential).where(Credential.id == one.credential_id).values(**values))

    put(token, slot=Slot.SUCCESSOR, state=CredentialState.SET_UP, activated_at=None)
    current = give_token(services, customer_a, now)
    meanwhile(mocker, lambda: put(current, state=CredentialState.SUSPENDED, suspended_at=now))
    typed = TypedCode(Use.ACTIVATE, "dual", token.user_id, token.code(now), SYSTEM, lambda line, standing: None)
    assert judge_code(services, typed, now).reason is Reason.SUSPENDED
    assert read_credential(services, token).state is CredentialState.SET_UP
