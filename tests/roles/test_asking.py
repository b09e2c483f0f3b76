"""Codes are judged alike whether the verifier is in the same process or asked over the network (R51)."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from provisioning.errors import VaultError, VerifierAway
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.resync import ResyncCommand, resync
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.roles import Role
from provisioning.rules.states import CredentialState
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from provisioning.verifier.http import HttpVerifier
from provisioning.verifier.role_tokens import RoleTokens
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.fobs.case import Case
from tests.fobs.desk import open_desk
from tests.pskc.conftest import Drawer, key, shown
from tests.roles.conftest import Apart


def reasons(services: Services, token: Token, apart: Apart, *codes: str) -> list[Reason | None]:
    commands = [VerifyCommand("dual", token.user_id, code, SYSTEM) for code in codes]
    return [verify(services, command, apart.now).reason for command in commands]


def test_a_code_is_accepted_once_and_wrong_ones_suspend(apart: Apart, customer_a: Customer) -> None:
    token, bank = give_token(apart.services, customer_a, apart.now), apart.asking(Role.BANK)
    right, wrong = token.code(apart.now), token.wrong(apart.now)
    assert reasons(bank, token, apart, right, right, *[wrong] * 5, right) == [
        None,
        Reason.USED,
        *[Reason.WRONG] * 5,
        Reason.SUSPENDED,
    ]
    row = read_credential(apart.services, token)
    assert (row.state, row.failures) == (CredentialState.SUSPENDED, 5)


def test_activation_and_release_spend_the_code_with_their_act(apart: Apart, customer_a: Customer) -> None:
    token = give_token(apart.services, customer_a, apart.now, CredentialState.SET_UP)
    portal = apart.asking(Role.CUSTOMER)
    first, second = token.code(apart.now), token.code(apart.now, 1)
    activated = activate(portal, ActivateCommand("dual", token.user_id, first, SYSTEM), apart.now)
    assert activated.outcome is Outcome.ACCEPTED
    again = release(portal, ReleaseCommand("dual", token.user_id, first, None, SYSTEM), apart.now)
    assert again.reason is Reason.USED
    released = release(portal, ReleaseCommand("dual", token.user_id, second, None, SYSTEM), apart.now)
    assert released.outcome is Outcome.ACCEPTED
    assert read_credential(apart.services, token).sealed_seed is None


def test_a_stray_fob_is_followed_by_staff(apart: Apart, customer_a: Customer, fob: Fob) -> None:
    token = give_token(apart.services, customer_a, apart.now, fob=fob)
    codes = (token.code(apart.now, 20), token.code(apart.now, 21))
    command = ResyncCommand("dual", token.credential_id, *codes, SYSTEM)
    assert resync(apart.asking(Role.STAFF), command, apart.now).drift_steps == 21


def test_a_station_proves_what_it_wrote(apart: Apart, customer_a: Customer, fob: Fob) -> None:
    desk = open_desk(apart.asking(Role.STATION), apart.now)
    case = Case(apart.services, desk, fob, customer_a, SYSTEM)
    reserved = case.reserve()
    desk.plug(fob)
    desk.work()
    assert case.job(reserved.job_id).proved_at is not None


def test_a_seed_that_came_with_its_fob_is_the_credentials_with_its_first_code(
    apart: Apart, teller_actor: Actor, customer_a: Customer
) -> None:
    drawer = Drawer(apart.services, teller_actor, customer_a, apart.now)
    made = key("C200-1")
    drawer.take(made)
    reserved = drawer.reserve("C200-1")
    drawer.services = apart.asking(Role.STAFF)
    assert not drawer.prove(reserved, "00000000").proved
    assert drawer.prove(reserved, shown(made, apart.now)).proved
    assert drawer.seeds() == 0
    code = shown(made, apart.now)
    command = ActivateCommand("dual", drawer.customer.user_id, code, SYSTEM)
    assert activate(apart.asking(Role.CUSTOMER), command, apart.now).outcome is Outcome.ACCEPTED


def test_somebody_unknown_costs_a_question_too(apart: Apart) -> None:
    bank = apart.asking(Role.BANK)
    seen: list[httpx.Request] = []
    assert isinstance(bank.verifier, HttpVerifier)
    bank.verifier._http.event_hooks = {"request": [seen.append]}
    answer = verify(bank, VerifyCommand("dual", "999999999999", "12345678", SYSTEM), apart.now)
    assert (answer.reason, len(seen)) == (Reason.UNKNOWN, 1)


@sqlite_only
def test_a_process_without_a_verifier_refuses(apart: Apart, customer_a: Customer) -> None:
    token = give_token(apart.services, customer_a, apart.now)
    nobody = replace(apart.asking(Role.BANK), verifier=None)
    with pytest.raises(VaultError):
        reasons(nobody, token, apart, token.code(apart.now))
    assert read_credential(apart.services, token).last_step == -1


class Broken(httpx.BaseTransport):
    """A verifier that answers otherwise, or not at all."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self.answer = answer
        self.asked = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


WRONG_ANSWERS: tuple[tuple[httpx.Response | Exception, str, int], ...] = (
    (httpx.ConnectError("gone"), "ConnectError", 1),
    (httpx.ConnectTimeout("far"), "ConnectTimeout", 1),
    (httpx.ReadTimeout("slow"), "ReadTimeout", 1),
    (httpx.RemoteProtocolError("cut"), "RemoteProtocolError", 2),
    (httpx.ReadError("cut"), "ReadError", 2),
    (httpx.Response(500), "500", 1),
    (httpx.Response(200, text="<html>"), "another form of answer", 1),
    (httpx.Response(200, json={"verdict": "fresh"}), "another form of answer", 1),
    (
        httpx.Response(200, json={"verdict": "yes", "last_step": 1, "highest_seen_step": 1, "drift_steps": 0}),
        "another form of answer",
        1,
    ),
    (
        httpx.Response(
            200, json={"verdict": "fresh", "last_step": True, "highest_seen_step": 1, "drift_steps": 0}
        ),
        "another form of answer",
        1,
    ),
    (httpx.Response(401, json={"error": "not_authentic", "fault": "expired"}), "401 not_authentic expired", 1),
    (httpx.Response(302, headers={"Location": "https://elsewhere"}), "302", 1),
)


@sqlite_only
def test_whatever_is_wrong_with_the_answer_nothing_is_accepted_or_counted(
    apart: Apart, customer_a: Customer
) -> None:
    token, tokens = give_token(apart.services, customer_a, apart.now), RoleTokens(apart.pair(Role.BANK))
    for answer, cause, asked in WRONG_ANSWERS:
        broken = Broken(answer)
        with httpx.Client(transport=broken, base_url="https://verifier.example") as http:
            bank = replace(apart.asking(Role.BANK), verifier=HttpVerifier(http, tokens))
            with pytest.raises(VerifierAway) as away:
                reasons(bank, token, apart, token.code(apart.now))
        assert (away.value.cause, broken.asked) == (cause, asked)
    row = read_credential(apart.services, token)
    assert (row.last_step, row.failures, row.highest_seen_step) == (-1, 0, -1)
