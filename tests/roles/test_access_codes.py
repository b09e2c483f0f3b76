"""A station's server asks the verifier for what locks a device, and nobody else is told (R51, R76)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from provisioning.errors import VerifierAway
from provisioning.rules.actor import SYSTEM
from provisioning.rules.roles import Role
from provisioning.rules.states import JobState
from provisioning.rules.verifier import Operation
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from provisioning.verifier import messages
from provisioning.verifier.http import HttpVerifier
from provisioning.verifier.role_tokens import RoleTokens
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer, add_fob
from tests.fixtures.vaults import device_code
from tests.fobs.case import Case
from tests.fobs.desk import open_desk
from tests.fobs.kinds import KAGIYA, LOCKS, NAME
from tests.roles.conftest import Apart

PLAIN = "kagiya-fob"


class Line(httpx.BaseTransport):
    """The way to the verifier; it carries `left` more questions, any number if None, and then breaks."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner, self.asked = inner, list[str]()
        self.left: int | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise httpx.ConnectError("gone")
        return self.inner.handle_request(request)


def both_kinds(services: Services) -> Services:
    """Services that know one kind that is locked, and one that is not."""
    plain = replace(KAGIYA, device=replace(KAGIYA.device, name=PLAIN))
    return replace(services, profiles={NAME: LOCKS, PLAIN: plain})


@pytest.fixture
def line(apart: Apart) -> Line:
    return Line(apart.transport)


@pytest.fixture
def locked(apart: Apart, line: Line, customer_a: Customer, fob: Fob) -> Case:
    """A fob that is locked, and a desk whose server has another process for a verifier."""
    http = httpx.Client(transport=line, base_url="https://verifier.example")
    verifier = HttpVerifier(http, RoleTokens(apart.pair(Role.STATION)))
    served = both_kinds(replace(apart.asking(Role.STATION), verifier=verifier))
    desk = open_desk(served, apart.now)
    case = Case(both_kinds(apart.services), desk, fob, customer_a, SYSTEM)
    case.reserve()
    desk.plug(fob)
    return case


def another(case: Case, number: int, profile: str = NAME) -> Case:
    """One more fob at the same desk, for one more customer."""
    fob = add_fob(case.services, f"KF000010{number}", profile=profile)
    other = replace(case, fob=fob, customer=add_customer(case.services, f"12345678050{number}", "dual"))
    other.reserve()
    case.desk.plug(fob)
    return other


def test_it_crosses_sealed_for_the_station_as_the_verifier_derived_it(locked: Case, line: Line) -> None:
    (job,) = locked.desk.poll()
    assert locked.desk.open_access_code(job) == device_code(locked.services, NAME, locked.fob.serial)
    assert line.asked == [messages.ACCESS_CODE]


def test_while_the_verifier_is_away_the_job_waits_and_is_given_out_afterwards(locked: Case, line: Line) -> None:
    waiting = locked.open_job()
    line.left = 0
    for _ in range(2):
        with pytest.raises(VerifierAway):
            locked.desk.poll()
    assert vars_of(locked.open_job()) == vars_of(waiting)
    assert waiting.state is JobState.QUEUED
    assert locked.credential(waiting.credential_id).seed_version == 0
    line.left = None
    assert locked.desk.work() == [JobState.PROVED]


def vars_of(job: object) -> dict[str, object]:
    return {name: value for name, value in vars(job).items() if not name.startswith("_")}


def test_what_was_given_out_is_told_though_the_verifier_went_away_meanwhile(locked: Case, line: Line) -> None:
    """The station would not know of it, and the token would end."""
    cases = {case.fob.serial: case for case in (locked, *(another(locked, number) for number in (1, 2, 3)))}
    line.left = 1
    (first,) = locked.desk.poll()
    assert len(line.asked) == 2, "a poll waits for a verifier that is away once"
    given = cases.pop(first.serial)
    assert {other.open_job().state for other in cases.values()} == {JobState.QUEUED}
    line.left = None
    assert {job.serial for job in locked.desk.poll()} == set(cases)
    assert given.open_job().state is JobState.WRITING


def test_a_fob_that_is_not_locked_asks_nothing_and_does_not_wait(locked: Case, line: Line) -> None:
    plain = another(locked, 1, PLAIN)
    line.left = 0
    (job,) = locked.desk.poll()
    assert (job.serial, job.sealed_access_code) == (plain.fob.serial, "")
    assert line.asked == [messages.ACCESS_CODE]
    assert locked.open_job().state is JobState.QUEUED


ANSWERS: tuple[object, ...] = (
    {},
    {"code": ""},
    {"code": "ab" * 31},
    {"code": "ab" * 33},
    {"code": "AB" * 32},
    {"code": "zz" * 32},
    {"code": "ab" * 32 + "\n"},
    {"code": ["ab" * 32]},
    {"code": "ab" * 32, "more": 1},
    {"digest": "ab" * 32},
)


@sqlite_only
def test_an_answer_of_another_form_locks_nothing(locked: Case, line: Line) -> None:
    for answer in ANSWERS:
        line.inner = httpx.MockTransport(lambda _, answer=answer: httpx.Response(200, json=answer))
        with pytest.raises(VerifierAway) as away:
            locked.desk.poll()
        assert away.value.cause == "another form of answer"
    assert locked.open_job().state is JobState.QUEUED


Change = Callable[[dict[str, object]], object]
QUESTIONS: tuple[Change, ...] = (
    lambda _: [],
    lambda body: {"profile": body["profile"]},
    lambda body: body | {"institution": "dual"},
    lambda body: body | {"serial": 12345678},
    lambda body: body | {"serial": ""},
    lambda body: body | {"serial": "1" * 65},
    lambda body: body | {"serial": "1\nyubikey-5"},
    lambda body: body | {"profile": "p" * 65},
    lambda body: body | {"profile": "\ud800"},
)


@sqlite_only
def test_a_question_of_another_form_is_refused(apart: Apart) -> None:
    headers = apart.header(apart.pair(Role.STATION))
    body = {"profile": "yubikey-5", "serial": "12345678"}

    def ask(content: str) -> tuple[int, str | None]:
        answer = apart.http.post(messages.ACCESS_CODE, content=content, headers=headers)
        return answer.status_code, answer.json().get("error")

    assert ask(json.dumps(body)) == (200, None)
    for change in QUESTIONS:
        assert ask(json.dumps(change(dict(body)))) == (422, "bad_message")
    assert ask(json.dumps(body) + " " * 2_000_000)[0] == 413
    asked = messages.JudgeRequest(Operation.ACCESS_CODE, "c", 1, "12345678")
    answer = apart.http.post(messages.JUDGE, content=messages.dump(asked), headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_message")


@sqlite_only
def test_a_code_shows_in_no_word_about_it(locked: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    (job,) = locked.desk.poll()
    code = locked.desk.open_access_code(job)
    told = repr((job, messages.AccessCodeAnswer(code.hex()))) + caplog.text
    told += "".join(repr(vars(record)) for record in caplog.records)
    assert code.hex() not in told
    assert repr(code) not in told
