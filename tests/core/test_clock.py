"""Only server time counts, and a clock in doubt refuses every code without counting it (R04)."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from provisioning.cli import chores
from provisioning.clock import ClockGuard, kernel_synchronised
from provisioning.errors import ClockUntrusted
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mailers import MemoryMailer
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


class OneRound(threading.Event):
    """Set when it has been waited for once."""

    def wait(self, timeout: float | None = None) -> bool:
        before = self.is_set()
        self.rounds = getattr(self, "rounds", 0) + 1
        return before or self.rounds > 1


@sqlite_only
def test_a_clock_without_its_source_ends_and_erases_nothing(
    services: Services, customer_a: Customer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {chore.name: chore for chore in chores.chores(MemoryMailer())}
    assert [name for name in table if name.startswith(("expire", "forget", "purge", "erase", "abandon"))] == [
        name for name, chore in table.items() if chore.ends
    ]
    token = give_token(services, customer_a, now, CredentialState.SET_UP)
    monkeypatch.setattr(chores, "chores", lambda _mailer: (table["expire_credentials"],))
    years_later = now + 2000 * DAY
    states = []
    for guard in (ClockGuard(lambda: False), ClockGuard()):
        worker = replace(services, clock=guard)
        chores.work(worker, MemoryMailer(), lambda: years_later, OneRound())
        states.append(read_credential(services, token).state)
    assert states == [CredentialState.SET_UP, CredentialState.ENDED]


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
