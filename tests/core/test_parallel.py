"""Many processes at once: a code works once, the limit is exact, one issuance wins (R06, R11, R35)."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.context import ForkServerContext
from typing import Any

import pytest
from sqlalchemy import func, select

from provisioning.errors import AlreadyTaken
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.passwords import CheckLoginCommand, check_login
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.resync import ResyncCommand, resync
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.settings import Settings
from provisioning.store.engine import Store
from provisioning.store.tables import AuditEntry, Credential, Customer, Fob
from tests.fixtures.people import PASSWORD, add_customer
from tests.fixtures.services import DUAL, OTHER, assemble
from tests.fixtures.tokens import Token, give_token, read_credential

PROCESSES = 4
TIMEOUT_S = 90


@dataclass(frozen=True)
class Crowd:
    """Runs one function many times at once: in four processes, each with a thread for every call."""

    context: ForkServerContext
    settings: Settings

    def run(self, act: Callable[..., str], *arguments: Any, each: Sequence[Any]) -> Counter[str]:
        """`act(services, *arguments, item)` for every item of `each`, all released together."""
        barrier = self.context.Barrier(PROCESSES)
        answers = self.context.SimpleQueue()
        processes = [
            self.context.Process(
                target=_process, args=(self.settings, barrier, answers, act, arguments, each[index::PROCESSES])
            )
            for index in range(PROCESSES)
        ]
        for process in processes:
            process.start()
        counted: Counter[str] = Counter()
        for _ in processes:
            counted += answers.get()
        for process in processes:
            process.join(TIMEOUT_S)
            assert process.exitcode == 0
        return counted


def _process(
    settings: Settings, barrier: Any, answers: Any, act: Callable[..., str], arguments: Any, items: Sequence[Any]
) -> None:
    services = assemble(settings, Store(settings.store.url), {"dual": DUAL, "other": OTHER})
    with ThreadPoolExecutor(len(items)) as threads:
        barrier.wait(TIMEOUT_S)
        counted = Counter(threads.map(lambda item: act(services, *arguments, item), items))
    services.store.close()
    answers.put(counted)


@pytest.fixture
def crowd(settings: Settings) -> Crowd:
    """Four processes of their own, forked from one that has imported everything and done nothing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return Crowd(context, settings)


def submit(services: Services, user_id: str, now: datetime, otp: str) -> str:
    result = verify(services, VerifyCommand("dual", user_id, otp, SYSTEM), now)
    return result.reason.value if result.reason else result.outcome.value


def issue(services: Services, customer_id: str, now: datetime, kind: TokenKind) -> str:
    try:
        with services.store.write() as tx:
            open_credential(tx, services, tx.get_one(Customer, customer_id), kind, now, SYSTEM)
    except AlreadyTaken as taken:
        return f"taken: {taken.what}"
    return "issued"


def log_in(services: Services, login_id: str, now: datetime, password: str) -> str:
    result = check_login(services, CheckLoginCommand("dual", login_id, password, SYSTEM), now)
    return "locked" if result.locked else result.outcome.value


def test_32_parallel_submits_of_one_code(
    services: Services, crowd: Crowd, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    answers = crowd.run(submit, token.user_id, now, each=[token.code(now)] * 32)
    assert answers == {Outcome.ACCEPTED.value: 1, Reason.USED.value: 31}
    assert read_credential(services, token).failures == 0
    assert _audit_counts(services) == {("accepted", None): 1, ("refused", "used"): 31}


def test_200_parallel_wrong_codes(services: Services, crowd: Crowd, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now)
    answers = crowd.run(submit, token.user_id, now, each=[token.wrong(now)] * 200)
    assert answers == {Reason.WRONG.value: 5, Reason.SUSPENDED.value: 195}
    row = read_credential(services, token)
    assert (row.failures, row.state) == (5, CredentialState.SUSPENDED)
    assert submit(services, token.user_id, now, token.code(now)) == Reason.SUSPENDED.value
    assert _audit_counts(services)["refused", "wrong"] == 5


def test_right_and_wrong_codes_mixed_never_pass_the_limit(
    services: Services, crowd: Crowd, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    answers = crowd.run(
        submit, token.user_id, now, each=[*[token.wrong(now)] * 30, token.code(now), token.code(now)]
    )
    # the right code clears the count once, so at most twice the limit can have been counted
    assert answers[Reason.WRONG.value] <= 10
    assert answers[Outcome.ACCEPTED.value] <= 1
    assert sum(answers.values()) == 32
    assert read_credential(services, token).failures <= 5


def act_on_code(services: Services, now: datetime, typed: tuple[str, Token, str]) -> str:
    """Activate, release or resynchronise; the act and how it ended."""
    act, token, otp = typed
    if act == "resync":
        second = token.code(now, 21)
        resynced = resync(services, ResyncCommand("dual", token.credential_id, otp, second, SYSTEM), now)
        return f"{act} {resynced.outcome}"
    if act == "release":
        released = release(services, ReleaseCommand("dual", token.user_id, otp, None, SYSTEM), now)
        return f"{act} {released.reason or released.outcome}"
    activated = activate(services, ActivateCommand("dual", token.user_id, otp, SYSTEM), now)
    return f"{act} {activated.reason or activated.outcome}"


def test_parallel_codes_at_activation_release_and_resynchronisation(
    services: Services, crowd: Crowd, fob: Fob, now: datetime
) -> None:
    """What follows these acts goes another way than a login's, and must count as exactly."""
    people = [add_customer(services, f"99000000000{number}") for number in range(4)]
    first = give_token(services, people[0], now, CredentialState.SET_UP)
    guessed = give_token(services, people[1], now, CredentialState.SET_UP)
    last = give_token(services, people[2], now)
    stray = give_token(services, people[3], now, fob=fob)
    rounds = [
        ("activate", first, first.code(now)),
        ("release", last, last.code(now)),
        ("resync", stray, stray.code(now, 20)),
        *[("guess", guessed, guessed.wrong(now))] * 3,
    ]
    assert crowd.run(act_on_code, now, each=rounds * 12) == {
        "activate accepted": 1,
        "activate used": 11,
        "release accepted": 1,
        "release not_active": 11,
        "resync accepted": 1,
        "resync refused": 11,
        "guess wrong": 5,
        "guess suspended": 31,
    }
    assert read_credential(services, first).state is CredentialState.ACTIVE
    assert read_credential(services, last).sealed_seed is None
    assert read_credential(services, stray).drift_steps == 21
    row = read_credential(services, guessed)
    assert (row.failures, row.state, row.resume_state) == (5, CredentialState.SUSPENDED, CredentialState.SET_UP)
    assert act_on_code(services, now, ("guess", guessed, guessed.code(now))) == "guess suspended"


def test_parallel_issuance_for_one_customer(
    services: Services, crowd: Crowd, customer_a: Customer, now: datetime
) -> None:
    answers = crowd.run(issue, customer_a.id, now, each=[TokenKind.SOFT, TokenKind.HARD] * 4)
    assert answers == {"issued": 1, "taken: credential": 7}
    with services.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Credential)) == 1
        assert tx.scalar(select(func.count()).select_from(AuditEntry)) == 1


def test_parallel_guesses_at_a_password(
    services: Services, crowd: Crowd, customer_a: Customer, now: datetime
) -> None:
    answers = crowd.run(log_in, customer_a.login_id, now, each=["Chigau2026"] * 40)
    assert answers == {"refused": 4, "locked": 36}
    assert log_in(services, customer_a.login_id, now, PASSWORD) == "locked"


def _audit_counts(services: Services) -> Counter[tuple[str, str | None]]:
    with services.store.read() as tx:
        rows = tx.scalars(select(AuditEntry).where(AuditEntry.act == "verify"))
        return Counter((row.result, row.facts.get("reason")) for row in rows)
