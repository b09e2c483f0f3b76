"""Somebody stands between a station and its server: replays, swaps, reorders, answers by himself (R76)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from devices.contract import ANSWER_HEADER, FailureCode, JobResult, Poll, Problem, Progress, Work, dump
from devices.errors import ServerRefused, ServerUnreachable
from devices.seed_box import Enrolment
from devices.server_client import ServerClient, enrol
from provisioning.errors import AuthFault, NotAuthentic, WrongState
from provisioning.jobs.check_station import hold_station
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.poll_station import PollCommand, poll_station
from provisioning.jobs.record_result import RecordResultCommand, record_result
from provisioning.jobs.revoke_station import RevokeStationCommand, revoke_station
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState, JobState
from provisioning.store.tables import Customer, Fob
from tests.api.conftest import Clock, Served
from tests.api.recording_proxy import Exchange, Proxy, recording_proxy
from tests.fixtures.databases import sqlite_only
from tests.fobs.case import Case
from tests.fobs.desk import Desk

POLL = "/api/station/v1/poll"


@pytest.fixture
def proxy(served: Served) -> Iterator[Proxy]:
    """Between the station and the server from the beginning."""
    with recording_proxy(served.http) as proxy:
        yield proxy


@pytest.fixture
def enrolment(served: Served, proxy: Proxy, tmp_path: Path) -> Enrolment:
    command = InviteStationCommand("dual", "本店", "窓口1", SYSTEM)
    enrol(proxy.url, invite_station(served.services, command, served.at).code, tmp_path / "station")
    return Enrolment.load(tmp_path / "station")


@pytest.fixture
def client(served: Served, enrolment: Enrolment) -> Iterator[ServerClient]:
    client = ServerClient(enrolment, served.unix_time)
    yield client
    client.close()


@pytest.fixture
def case(served: Served, enrolment: Enrolment, customer_a: Customer, fob: Fob) -> Case:
    keys = enrolment.keys
    desk = Desk(served.services, enrolment.station_id, keys.signing, keys.sealing, served.at)
    desk.plug(fob)
    return Case(served.services, desk, fob, customer_a, SYSTEM)


def sees(case: Case, *running: str) -> Poll:
    return Poll(tuple(fob.seen() for fob in case.desk.fobs), running)


def fault(answer: httpx.Response) -> object:
    return answer.status_code, answer.json()["fault"]


def test_no_request_does_anything_twice_or_out_of_turn(
    served: Served, proxy: Proxy, client: ServerClient, case: Case
) -> None:
    client.poll(sees(case))
    reserved = case.reserve()
    served.advance(seconds=1)
    (job,) = client.poll(sees(case)).jobs
    assert job.job_id == reserved.job_id
    client.progress(job.job_id, Progress(20, 40))
    client.progress(job.job_id, Progress(30, 40))
    client.result(job.job_id, case.desk.write(job))
    before = case.job(job.job_id)
    for sent in [sent for sent in proxy.seen if sent.path != "/api/station/v1/enrol"]:
        assert fault(proxy.again(sent)) == (401, "replayed")
    after = case.job(job.job_id)
    assert (after.state, after.reports_done) == (before.state, before.reports_done)


@sqlite_only
def test_a_poll_that_was_held_back_takes_no_job_away(proxy: Proxy, client: ServerClient, case: Case) -> None:
    """It tells that the station runs nothing: come late, it would give up what the station writes by then."""
    proxy.hold = True
    with pytest.raises(ServerUnreachable):
        client.poll(sees(case))
    proxy.hold = False
    case.reserve()
    (job,) = client.poll(sees(case)).jobs
    (old,) = proxy.held
    assert fault(proxy.again(old)) == (401, "replayed")
    assert case.job(job.job_id).state is JobState.WRITING
    client.result(job.job_id, case.desk.write(job))
    assert case.job(job.job_id).state is JobState.PROVED


@sqlite_only
def test_an_answer_serves_no_other_request(proxy: Proxy, client: ServerClient, case: Case) -> None:
    """The work of an earlier poll, given again, would have a fob written twice."""
    case.reserve()
    (job,) = client.poll(sees(case)).jobs
    first = proxy.seen[-1].answer
    proxy.meddle = lambda _: first
    with pytest.raises(ServerUnreachable, match="did not sign"):
        client.poll(sees(case, job.job_id))
    proxy.meddle = None
    client.progress(job.job_id, Progress(1, 2))
    told = proxy.seen[-1].answer
    proxy.meddle = lambda _: told
    with pytest.raises(ServerUnreachable, match="did not sign"):
        client.progress(job.job_id, Progress(2, 2))
    with pytest.raises(ServerUnreachable, match="did not sign"):
        client.result(job.job_id, case.desk.write(job))


def altered(answer: httpx.Response, **change: object) -> httpx.Response:
    facts: dict[str, object] = {"status_code": answer.status_code, "content": answer.content, **change}
    signature = {ANSWER_HEADER: answer.headers[ANSWER_HEADER]}
    return httpx.Response(facts["status_code"], content=facts["content"], headers=signature)  # type: ignore[arg-type]


OTHER_ANSWERS: tuple[Callable[[Exchange], httpx.Response], ...] = (
    lambda sent: altered(sent.answer, content=dump(Work((), 1))),
    lambda sent: altered(sent.answer, status_code=409),
    lambda _: httpx.Response(200, content=dump(Work((), 1))),
    lambda _: httpx.Response(200, content=dump(Work((), 1)), headers={ANSWER_HEADER: "00" * 64}),
    lambda _: httpx.Response(200, content=dump(Work((), 1)), headers={ANSWER_HEADER: "none"}),
    lambda _: httpx.Response(409, json={"error": "wrong_state"}),
    lambda _: httpx.Response(401, json={"fault": "revoked"}),
    lambda _: httpx.Response(302, headers={"Location": "http://127.0.0.1:9"}),
)


@sqlite_only
def test_nobody_but_the_server_answers_a_station(proxy: Proxy, client: ServerClient, case: Case) -> None:
    for proxy.meddle in OTHER_ANSWERS:
        with pytest.raises(ServerUnreachable, match="did not sign"):
            client.poll(sees(case))


@sqlite_only
def test_another_server_with_the_same_people_is_not_believed(
    served: Served, enrolment: Enrolment, case: Case
) -> None:
    other = ServerClient(replace(enrolment, server_key=enrolment.keys.signing.public_key()), served.unix_time)
    with pytest.raises(ServerUnreachable, match="did not sign"):
        other.poll(sees(case))
    other.close()


@sqlite_only
def test_a_desk_whose_clock_is_wrong_is_told_by_how_much_and_what_to_do(
    served: Served, enrolment: Enrolment, case: Case
) -> None:
    desk = Clock(served.at)

    def time() -> float:
        return desk.at.timestamp()

    client = ServerClient(enrolment, time)
    for ahead_s, told in ((75, "75 s ahead of"), (-3600, "3600 s behind")):
        desk.at = served.at + timedelta(seconds=ahead_s)
        with pytest.raises(ServerRefused) as wrong:
            client.poll(sees(case))
        assert told in str(wrong.value)
        assert "timedatectl set-ntp true" in str(wrong.value)
    desk.at = served.at
    assert client.poll(sees(case)).jobs == (), "set right, it works at once"
    desk.at -= timedelta(seconds=30)
    assert client.poll(sees(case)).jobs == (), "set back a little while it runs, it goes on"
    client.close()


def test_revoked_in_the_middle_of_a_job_a_station_finishes_nothing(
    served: Served, client: ServerClient, case: Case
) -> None:
    reserved = case.reserve()
    (job,) = client.poll(sees(case)).jobs
    client.progress(job.job_id, Progress(20, 40))
    revoke_station(served.services, RevokeStationCommand("dual", case.desk.station_id, SYSTEM), served.at)
    written = case.desk.write(job)
    for call in (
        lambda: client.progress(job.job_id, Progress(30, 40)),
        lambda: client.result(job.job_id, written),
        lambda: client.poll(sees(case)),
    ):
        with pytest.raises(ServerRefused) as refused:
            call()
        assert (refused.value.status, refused.value.reason) == (401, "revoked")
    assert case.job(job.job_id).state is JobState.ABANDONED
    credential = case.credential(reserved.credential_id)
    assert (credential.state, credential.sealed_seed) == (CredentialState.ENDED, None)


def test_a_request_that_was_let_in_just_before_the_revocation_does_nothing_after_it(
    served: Served, client: ServerClient, case: Case
) -> None:
    reserved = case.reserve()
    (job,) = client.poll(sees(case)).jobs
    result = case.desk.write(job)
    revoke_station(served.services, RevokeStationCommand("dual", case.desk.station_id, SYSTEM), served.at)
    again = case.open_job()
    late = RecordResultCommand(case.desk.station_id, reserved.job_id, result, case.desk.actor)
    for told in (result, JobResult(problem=Problem(FailureCode.TIMEOUT))):
        with pytest.raises(WrongState):
            record_result(served.services, replace(late, result=told), served.at)
    poll = PollCommand(case.desk.station_id, sees(case), case.desk.actor)
    assert poll_station(served.services, poll, served.at).jobs == ()
    assert case.job(again.id).state is JobState.QUEUED


def test_a_station_is_held_for_as_long_as_its_request_is_worked_on(served: Served, case: Case) -> None:
    revoke = RevokeStationCommand("dual", case.desk.station_id, SYSTEM)
    with ThreadPoolExecutor(1) as administrator:
        with served.services.store.write() as tx:
            hold_station(tx, case.desk.station_id)
            revoking = administrator.submit(revoke_station, served.services, revoke, served.at)
            done, _ = wait([revoking], timeout=0.3)
            assert not done
        revoking.result()
    with served.services.store.write() as tx, pytest.raises(NotAuthentic) as refused:
        hold_station(tx, case.desk.station_id)
    assert refused.value.fault is AuthFault.REVOKED
