"""Loss: one act of one member of staff, and the next verification fails wherever it is asked (R42)."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.jobs.end_token import EndTokenCommand, end_token
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.roles import Role
from provisioning.rules.states import EndedHow, EndReason
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.settings import Settings
from provisioning.store.engine import Store
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import PASSWORD
from tests.fixtures.services import DUAL, assemble
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.portal.conftest import MovableClock
from tests.portal.visitor import BASE, Visitor
from web.app import create_app

MINUTE = timedelta(minutes=1)
PROCESSES = 2
TIMEOUT_S = 60


def lose(services: Services, token: Token, teller: Actor, now: datetime) -> None:
    """What the teller does when the customer rings up: nothing before it, nothing after it."""
    command = EndTokenCommand("dual", token.credential_id, EndReason.LOST, teller, "電話で届出")
    assert end_token(services, command, now) is EndedHow.LOST


def log_in(services: Services, token: Token, now: datetime) -> str:
    result = verify(services, VerifyCommand("dual", token.user_id, token.code(now), SYSTEM), now)
    return (result.reason or result.outcome).value


def _process(settings: Settings, token: Token, now: datetime, gate: Any, answers: Any) -> None:
    """A verifier at work: everything it keeps in memory it has before the loss."""
    services = assemble(settings, Store(settings.store.url), {"dual": DUAL})
    for minute in range(PROCESSES):
        log_in(services, token, now + minute * MINUTE)
    gate.wait(TIMEOUT_S)
    gate.wait(TIMEOUT_S)
    answers.put(log_in(services, token, now + 10 * MINUTE))
    services.store.close()


def test_processes_that_had_opened_the_seed_refuse_at_once(
    services: Services, settings: Settings, customer_a: Customer, teller_actor: Actor, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    spawn = multiprocessing.get_context("spawn")
    gate, answers = spawn.Barrier(PROCESSES + 1), spawn.SimpleQueue()
    arguments = (settings, token, now, gate, answers)
    processes = [spawn.Process(target=_process, args=arguments) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    gate.wait(TIMEOUT_S)
    lose(services, token, teller_actor, now + 5 * MINUTE)
    gate.wait(TIMEOUT_S)
    assert [answers.get() for _ in processes] == [Reason.NOT_ACTIVE.value] * PROCESSES
    for process in processes:
        process.join(TIMEOUT_S)


def test_every_use_of_a_code_is_refused(
    services: Services, customer_a: Customer, teller_actor: Actor, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    assert log_in(services, token, now) == Outcome.ACCEPTED.value
    lose(services, token, teller_actor, now)
    code = token.code(now + MINUTE)
    assert log_in(services, token, now + MINUTE) == Reason.NOT_ACTIVE.value
    asked = (token.institution_id, token.user_id, code)
    assert activate(services, ActivateCommand(*asked, SYSTEM), now + MINUTE).reason is Reason.NOT_ACTIVE
    assert release(services, ReleaseCommand(*asked, None, SYSTEM), now + MINUTE).reason is Reason.NOT_ACTIVE
    assert read_credential(services, token).sealed_seed is None


@contextmanager
def house(settings: Settings, *roles: Role, clock: MovableClock) -> Iterator[Visitor]:
    """A process with these roles and nothing of another's memory; somebody's browser in front of it."""
    services = assemble(settings, Store(settings.store.url), {"dual": DUAL})
    try:
        yield Visitor(create_app(services, roles, clock))
    finally:
        services.store.close()


@sqlite_only
def test_the_portal_and_the_banks_own_system_refuse(
    services: Services, settings: Settings, customer_a: Customer, teller_actor: Actor
) -> None:
    clock = MovableClock()
    token = give_token(services, customer_a, clock())
    key = add_bank_client(services, AddBankClientCommand("dual", "host", SYSTEM), clock()).key
    asked = {"service_id": DUAL.service_id, "user_id": token.user_id, "otp": token.code(clock())}
    with ExitStack() as stack:
        portal = stack.enter_context(house(settings, Role.CUSTOMER, Role.VERIFIER, clock=clock))
        bank = stack.enter_context(house(settings, Role.BANK, Role.VERIFIER, clock=clock))
        headers = {"Authorization": f"Bearer {key}"}
        answer = bank.client.post("/api/v1/verify", json=asked, headers=headers, base_url=BASE)
        assert answer.get_json() == {"outcome": "accepted"}
        portal.get("/portal/sign-in/dual")
        portal.submit("/portal/sign-in/dual", login_id=customer_a.login_id, password=PASSWORD)
        assert portal.path == "/portal/sign-in-code"
        lose(services, token, teller_actor, clock())
        clock.advance(minutes=1)
        portal.submit("/portal/sign-in-code", otp=token.code(clock()))
        assert portal.path != "/portal/"
        answer = bank.client.post(
            "/api/v1/verify", json=asked | {"otp": token.code(clock())}, headers=headers, base_url=BASE
        )
        assert answer.get_json() == {"outcome": "refused", "reason": "not_active"}
