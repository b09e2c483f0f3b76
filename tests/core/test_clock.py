"""Only server time counts, and a clock in doubt refuses every code without counting it (R04)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from provisioning.clock import ClockGuard, kernel_synchronised
from provisioning.errors import ClockUntrusted
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.tokens import Token, give_token, read_credential

DAY = timedelta(days=1)


def submit(services: Services, token: Token, otp: str, now: datetime) -> Reason | None:
    return verify(services, VerifyCommand("dual", token.user_id, otp, SYSTEM), now).reason


def test_a_clock_without_its_source_refuses_everybody(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    doubtful = replace(services, clock=ClockGuard(lambda: False))
    assert submit(doubtful, token, token.code(now), now) is Reason.CLOCK
    assert submit(doubtful, token, token.wrong(now), now) is Reason.CLOCK
    unknown = verify(doubtful, VerifyCommand("dual", "999999999999", "12345678", SYSTEM), now)
    assert unknown.reason is Reason.CLOCK
    assert read_credential(services, token).failures == 0
    assert submit(services, token, token.code(now), now) is None


def test_the_clock_jumping_back_revives_no_code(services: Services, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now - DAY)
    old = token.code(now - DAY)
    assert submit(services, token, token.code(now), now) is None
    # in this process the jump itself is noticed
    assert submit(services, token, old, now - DAY) is Reason.CLOCK
    # a process started after the jump sees that a code was accepted in its future
    restarted = replace(services, clock=ClockGuard())
    assert submit(restarted, token, old, now - DAY) is Reason.CLOCK
    assert submit(restarted, token, token.code(now), now - DAY) is Reason.CLOCK
    # and within the hour that resynchronisation may have moved it, the last step still stands in the way
    restarted = replace(services, clock=ClockGuard())
    back = now - timedelta(minutes=30)
    assert submit(restarted, token, token.code(back), back) is Reason.USED
    assert read_credential(services, token).failures == 0
    minute_later = now + timedelta(minutes=1)
    assert submit(services, token, token.code(minute_later), minute_later) is None


def test_small_corrections_are_no_jump(services: Services, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now)
    assert submit(services, token, token.wrong(now), now + timedelta(seconds=60)) is Reason.WRONG
    assert (
        verify(services, VerifyCommand("dual", token.user_id, token.code(now), SYSTEM), now).outcome
        is Outcome.ACCEPTED
    )


def test_the_guard_tolerates_a_minute(now: datetime) -> None:
    guard = ClockGuard()
    guard.check(now)
    guard.check(now - timedelta(seconds=60))
    with pytest.raises(ClockUntrusted):
        guard.check(now - timedelta(seconds=61))
    guard.check(now + DAY)
    with pytest.raises(ClockUntrusted):
        guard.check(now)


def test_the_kernel_answers() -> None:
    assert kernel_synchronised() in (True, False)
