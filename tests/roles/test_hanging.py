"""A verifier that hangs keeps those waiting who asked it, and nobody else who writes (R51, R72)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import httpx
import pytest

from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.resync import ResyncCommand, resync
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.roles import Role
from provisioning.rules.states import CredentialState
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from provisioning.verifier.http import HttpVerifier
from provisioning.verifier.role_tokens import RoleTokens
from tests.fixtures.tokens import give_token
from tests.fobs.case import Case
from tests.fobs.desk import open_desk
from tests.fobs.kinds import LOCKS, with_kind
from tests.pskc.conftest import Drawer, key, shown
from tests.roles.conftest import Apart

WITHIN_S = 30.0


class Hanging(httpx.BaseTransport):
    """Has judged, and does not answer before it is let go."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.asked, self.let_go = threading.Event(), threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        response.read()
        self.asked.set()
        assert self.let_go.wait(WITHIN_S)
        return response


@dataclass
class Scene:
    """Customer A's fob, and who works with it."""

    apart: Apart
    customer: Customer
    fob: Fob
    teller: Actor


Act = Callable[[Services], object]


def login(scene: Scene) -> tuple[Role, Act, object]:
    now = scene.apart.now
    token = give_token(scene.apart.services, scene.customer, now)
    command = VerifyCommand("dual", token.user_id, token.code(now), SYSTEM)
    return Role.BANK, lambda asking: verify(asking, command, now).outcome, Outcome.ACCEPTED


def activation(scene: Scene) -> tuple[Role, Act, object]:
    now = scene.apart.now
    token = give_token(scene.apart.services, scene.customer, now, CredentialState.SET_UP)
    command = ActivateCommand("dual", token.user_id, token.code(now), SYSTEM)
    return Role.CUSTOMER, lambda asking: activate(asking, command, now).outcome, Outcome.ACCEPTED


def resynchronisation(scene: Scene) -> tuple[Role, Act, object]:
    now = scene.apart.now
    token = give_token(scene.apart.services, scene.customer, now, fob=scene.fob)
    command = ResyncCommand("dual", token.credential_id, token.code(now, 20), token.code(now, 21), SYSTEM)
    return Role.STAFF, lambda asking: resync(asking, command, now).drift_steps, 21


def proof(scene: Scene) -> tuple[Role, Act, object]:
    """The station tells the code that it has read back."""
    desk = open_desk(scene.apart.services, scene.apart.now)
    case = Case(scene.apart.services, desk, scene.fob, scene.customer, SYSTEM)
    reserved = case.reserve()
    desk.plug(scene.fob)
    (job,) = desk.poll()
    result = desk.write(job)

    def told(asking: Services) -> object:
        replace(desk, services=asking).report(job.job_id, result)
        return case.credential(reserved.credential_id).state

    return Role.STATION, told, CredentialState.SET_UP


def adoption(scene: Scene) -> tuple[Role, Act, object]:
    """The teller types what a maker's fob shows."""
    drawer = Drawer(scene.apart.services, scene.teller, scene.customer, scene.apart.now)
    made = key("C200-1")
    drawer.take(made)
    reserved = drawer.reserve("C200-1")
    code = shown(made, drawer.now)
    return Role.STAFF, lambda asking: replace(drawer, services=asking).prove(reserved, code).proved, True


def claim(scene: Scene) -> tuple[Role, Act, object]:
    """The station gets what locks the fob."""
    services = with_kind(scene.apart.services, LOCKS)
    desk = open_desk(services, scene.apart.now)
    Case(services, desk, scene.fob, scene.customer, SYSTEM).reserve()
    desk.plug(scene.fob)
    return Role.STATION, lambda asking: len(replace(desk, services=with_kind(asking, LOCKS)).poll()), 1


@pytest.mark.parametrize("begin", [login, activation, resynchronisation, proof, adoption, claim])
def test_others_write_while_an_answer_does_not_come(
    apart: Apart,
    customer_a: Customer,
    customer_b: Customer,
    fob: Fob,
    teller_actor: Actor,
    begin: Callable[[Scene], tuple[Role, Act, object]],
) -> None:
    role, act, expected = begin(Scene(apart, customer_a, fob, teller_actor))
    other = give_token(apart.services, customer_b, apart.now)
    hanging = Hanging(apart.transport)
    http = httpx.Client(transport=hanging, base_url="https://verifier.example")
    asking = replace(apart.asking(role), verifier=HttpVerifier(http, RoleTokens(apart.pair(role))))
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(act, asking)
        try:
            assert hanging.asked.wait(WITHIN_S)
            by_other = VerifyCommand("dual", other.user_id, other.code(apart.now), SYSTEM)
            assert verify(apart.services, by_other, apart.now).outcome is Outcome.ACCEPTED
            # the very row that was asked about, too: what was refused is written there
            by_same = VerifyCommand("dual", customer_a.user_id, "00000000", SYSTEM)
            assert verify(apart.services, by_same, apart.now).outcome is Outcome.REFUSED
            assert not pending.done()
        finally:
            hanging.let_go.set()
        assert pending.result(WITHIN_S) == expected
