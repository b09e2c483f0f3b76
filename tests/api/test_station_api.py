"""The station API over real HTTP, spoken by the product's own client and by forgers (R27, R76)."""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from devices.contract import ANSWER_HEADER, FailureCode, JobResult, Poll, Problem, Progress, dump, signed_text
from devices.errors import ServerRefused
from devices.seed_box import Enrolment
from devices.server_client import ServerClient, enrol
from provisioning.jobs.abandon_stale import abandon_stale
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.reserve_fob import ReservedFob
from provisioning.jobs.revoke_station import RevokeStationCommand, revoke_station
from provisioning.rules.actor import SYSTEM
from provisioning.rules.roles import Role
from provisioning.rules.states import CredentialState, FobState, JobState
from provisioning.store.tables import Customer, Fob
from tests.api.conftest import Served
from tests.fobs.case import Case
from tests.fobs.desk import Desk
from web.app import create_app

POLL = "/api/station/v1/poll"
NOTHING_SEEN = dump(Poll((), ()))
_TURNS = itertools.count()


@pytest.fixture
def enrolment(served: Served, tmp_path: Path) -> Enrolment:
    """A station enrolled over HTTP."""
    command = InviteStationCommand("dual", "本店", "窓口1", SYSTEM)
    code = invite_station(served.services, command, served.at).code
    enrolled = enrol(str(served.http.base_url), code, tmp_path / "station")
    assert enrolled.name == "窓口1"
    return Enrolment.load(tmp_path / "station")


@pytest.fixture
def client(served: Served, enrolment: Enrolment) -> ServerClient:
    """The product's own client."""
    return ServerClient(enrolment, served.unix_time)


@pytest.fixture
def case(served: Served, enrolment: Enrolment, customer_a: Customer, fob: Fob) -> Case:
    """A fob for customer A; the desk has the station's real keys."""
    keys = enrolment.keys
    desk = Desk(served.services, enrolment.station_id, keys.signing, keys.sealing, served.at)
    desk.plug(fob)
    return Case(served.services, desk, fob, customer_a, SYSTEM)


@pytest.fixture
def reserved(case: Case) -> ReservedFob:
    """The fob reserved for the customer."""
    return case.reserve()


def sees(case: Case, *running: str) -> Poll:
    """What the station reports."""
    return Poll(tuple(fob.seen() for fob in case.desk.fobs), running)


def header(case: Case, body: bytes, path: str = POLL, method: str = "POST", **wrong: str) -> dict[str, str]:
    """A signed request's header; `wrong` replaces a part after signing."""
    time_ms = int(case.now.timestamp() * 1000) + next(_TURNS)
    facts = {"time": str(time_ms), "nonce": secrets.token_hex(16)}
    signature = case.desk.signing_key.sign(signed_text(method, path, facts["time"], facts["nonce"], body))
    parts = {"id": case.desk.station_id, **facts, "signature": signature.hex()} | wrong
    return {"Authorization": "Kagiya-Station " + ", ".join(f'{name}="{value}"' for name, value in parts.items())}


def test_a_fob_is_written_through_the_wire(case: Case, client: ServerClient, reserved: ReservedFob) -> None:
    (job,) = client.poll(sees(case)).jobs
    client.progress(job.job_id, Progress(20, 40))
    assert case.page(job.job_id).percent == 50
    result = case.desk.write(job)
    client.result(job.job_id, result)
    client.result(job.job_id, result)
    assert case.job(job.job_id).state is JobState.PROVED
    assert case.fob_state() is FobState.PROGRAMMED
    assert client.poll(sees(case)).jobs == ()


def test_another_result_for_the_same_job_is_refused(
    case: Case, client: ServerClient, reserved: ReservedFob
) -> None:
    (job,) = client.poll(sees(case)).jobs
    result = case.desk.write(job)
    client.result(job.job_id, result)
    assert result.receipt is not None
    others = (
        JobResult(problem=Problem(FailureCode.LINK_LOST)),
        JobResult(receipt=replace(result.receipt, generation_after=7)),
    )
    for other in others:
        with pytest.raises(ServerRefused) as refused:
            client.result(job.job_id, other)
        assert refused.value.status == 409
    assert case.job(job.job_id).state is JobState.PROVED


def test_a_failed_job_comes_again_with_another_seed(
    case: Case, client: ServerClient, reserved: ReservedFob
) -> None:
    (first,) = client.poll(sees(case)).jobs
    client.result(first.job_id, JobResult(problem=Problem(FailureCode.TIMEOUT, {"path": "desk"})))
    (second,) = client.poll(sees(case)).jobs
    assert (second.serial, second.job_id != first.job_id) == (first.serial, True)
    assert case.desk.open_seed(second) != case.desk.open_seed(first)


def test_a_locked_database_refuses_and_half_writes_nothing(
    served: Served, case: Case, client: ServerClient, reserved: ReservedFob
) -> None:
    (job,) = client.poll(sees(case)).jobs
    result = case.desk.write(job)
    with served.services.store.write() as tx:
        lock_out_writers(tx)
        with pytest.raises(ServerRefused) as refused:
            client.result(job.job_id, result)
    assert refused.value.status == 503
    assert case.job(job.job_id).state is JobState.WRITING
    client.result(job.job_id, result)
    assert case.job(job.job_id).state is JobState.PROVED


def lock_out_writers(tx: Session) -> None:
    """SQLite locks out every other writer by itself; PostgreSQL is asked to."""
    if tx.get_bind().dialect.name == "postgresql":
        tx.execute(text("LOCK TABLE programming_job, station_request IN SHARE MODE"))


def test_replayed_altered_late_and_foreign_requests_get_401_and_do_nothing(
    served: Served, case: Case, reserved: ReservedFob
) -> None:
    good = header(case, NOTHING_SEEN)
    late = int(case.now.timestamp() - 61) * 1000
    expected = {
        "replayed": (good, NOTHING_SEEN),
        "bad_signature": (header(case, NOTHING_SEEN), dump(sees(case))),
        "unknown": (header(case, NOTHING_SEEN, id="0" * 32), NOTHING_SEEN),
        "bad_form": ({"Authorization": "Bearer key"}, NOTHING_SEEN),
        "missing": ({}, NOTHING_SEEN),
    }
    assert served.http.post(POLL, content=NOTHING_SEEN, headers=good).status_code == 200
    for fault, (headers, body) in expected.items():
        answer = served.http.post(POLL, content=body, headers=headers)
        told = {"error": "not_authentic", "fault": fault, "unix_time": int(served.at.timestamp())}
        assert (answer.status_code, answer.json()) == (401, told)
        assert (ANSWER_HEADER in answer.headers) == (fault == "replayed"), "only its own stations are signed for"
    altered = header(case, NOTHING_SEEN, time=str(late))
    assert served.http.post(POLL, content=NOTHING_SEEN, headers=altered).json()["fault"] == "bad_signature"
    served.advance(seconds=61)
    answer = served.http.post(POLL, content=NOTHING_SEEN, headers=header(case, NOTHING_SEEN))
    assert (answer.status_code, answer.json()["fault"]) == (401, "clock")
    assert case.job(reserved.job_id).state is JobState.QUEUED


def come_too_late(*calls: Callable[[], None]) -> None:
    """Each is answered with 409."""
    for call in calls:
        with pytest.raises(ServerRefused) as refused:
            call()
        assert refused.value.status == 409


def test_what_comes_after_the_end_of_a_job_changes_nothing(
    served: Served, case: Case, client: ServerClient, reserved: ReservedFob
) -> None:
    """A station that was cut off writes on and comes back with a job that was given up meanwhile."""
    (job,) = client.poll(sees(case)).jobs
    late = case.desk.write(job)
    served.advance(seconds=61)
    assert abandon_stale(served.services, served.at) == 1
    credential_id = case.job(job.job_id).credential_id

    come_too_late(
        lambda: client.progress(job.job_id, Progress(23, 23)),
        lambda: client.result(job.job_id, late),
        lambda: client.result(job.job_id, late),
        lambda: client.result(job.job_id, JobResult(problem=Problem(FailureCode.LINK_LOST))),
    )
    ended, given_up = case.credential(credential_id), case.job(job.job_id)
    assert (ended.state, ended.sealed_seed, ended.wrapped_key) == (CredentialState.ENDED, None, None)
    assert (given_up.state, given_up.receipt, given_up.reports_done) == (JobState.ABANDONED, None, 0)

    (again,) = client.poll(sees(case)).jobs
    client.result(again.job_id, case.desk.write(again))
    assert case.job(again.job_id).state is JobState.PROVED
    come_too_late(
        lambda: client.progress(again.job_id, Progress(1, 23)),
        lambda: client.result(job.job_id, late),
    )
    assert case.job(again.job_id).state is JobState.PROVED


def test_a_revoked_station_gets_401(served: Served, case: Case, client: ServerClient) -> None:
    client.poll(sees(case))
    revoke_station(served.services, RevokeStationCommand("dual", case.desk.station_id, SYSTEM), served.at)
    with pytest.raises(ServerRefused) as refused:
        client.poll(sees(case))
    assert (refused.value.status, refused.value.reason) == (401, "revoked")


def test_another_stations_job_is_not_found(
    served: Served, case: Case, client: ServerClient, reserved: ReservedFob, tmp_path: Path
) -> None:
    (job,) = client.poll(sees(case)).jobs
    code = invite_station(served.services, InviteStationCommand("dual", "本店", "窓口2", SYSTEM), served.at).code
    enrol(str(served.http.base_url), code, tmp_path / "other")
    other = ServerClient(Enrolment.load(tmp_path / "other"), served.unix_time)
    with pytest.raises(ServerRefused) as refused:
        other.result(job.job_id, case.desk.write(job))
    assert refused.value.status == 404
    with pytest.raises(ServerRefused) as refused:
        other.progress(job.job_id, Progress(1, 2))
    assert refused.value.status == 404
    assert case.job(job.job_id).state is JobState.WRITING


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"nonsense",
        b'{"devices": [], "running": [], "version": 2}',
        b'{"devices": [], "running": [], "seeds": []}',
        b'{"devices": []}',
        b'{"devices": [{"path": 1, "transport": "hid"}], "running": []}',
        b'{"devices": [], "running": [' + b"[" * 20_000 + b"]" * 20_000 + b"]}",
    ],
)
def test_messages_outside_the_contract_are_refused(served: Served, case: Case, body: bytes) -> None:
    answer = served.http.post(POLL, content=body, headers=header(case, body))
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_message")


@pytest.mark.parametrize(
    "told",
    [
        {"battery_percent": 101},
        {"battery_percent": -1},
        {"clock_offset_s": (1 << 40) + 1},
        {"generation": 1 << 32},
        {"generation": -1},
        {"serial": "K" * 65},
        {"model": "KF\0"},
        {"model": "K" * 101},
        {"firmware": "1" * 33},
    ],
)
def test_a_device_beyond_every_bound_is_refused(served: Served, case: Case, told: dict[str, int | str]) -> None:
    """No database holds it: the answer names the field, and nothing is noted."""
    body = dump(Poll((replace(case.desk.fobs[0].seen(), **told),), ()))  # type: ignore[arg-type]
    answer = served.http.post(POLL, content=body, headers=header(case, body))
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_message")
    assert answer.json()["problem"].startswith("not ")
    assert str(*told.values()) not in answer.text


def test_whatever_a_fob_may_tell_is_kept(case: Case, client: ServerClient, reserved: ReservedFob) -> None:
    """A worn fob whose clock was never right: the largest numbers of its protocol."""
    far, last = -(1 << 40), 0xFFFF_FFFF
    seen = replace(case.desk.fobs[0].seen(), clock_offset_s=far, generation=last - 1, battery_percent=100)
    (job,) = client.poll(Poll((seen,), ())).jobs
    receipt = case.desk.write(job).receipt
    assert receipt is not None
    worn = replace(receipt, generation_before=last - 1, generation_after=last, reports=1_000_000)
    client.progress(job.job_id, Progress(1_000_000, 1_000_000))
    client.result(job.job_id, JobResult(receipt=worn))
    with case.services.store.read() as session:
        kept = session.get_one(Fob, case.fob.id)
    assert (kept.generation, kept.state) == (last, FobState.PROGRAMMED)


@pytest.mark.parametrize("said", ["reports_done", "generation_after", "clock_offset_s", "code", "serial"])
def test_a_result_or_progress_beyond_every_bound_is_refused_and_the_job_goes_on(
    served: Served, case: Case, client: ServerClient, reserved: ReservedFob, said: str
) -> None:
    (job,) = client.poll(sees(case)).jobs
    result = case.desk.write(job)
    assert result.receipt is not None
    odd: dict[str, Any] = {"generation_after": 1 << 32, "clock_offset_s": 1 << 62, "code": "1" * 9, "serial": "\n"}
    if said == "reports_done":
        message, path = dump(Progress(1 << 62, 1 << 62)), f"/api/station/v1/jobs/{job.job_id}/progress"
    else:
        receipt = replace(result.receipt, **{said: odd[said]})
        message, path = dump(JobResult(receipt=receipt)), f"/api/station/v1/jobs/{job.job_id}/result"
    answer = served.http.post(path, content=message, headers=header(case, message, path))
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_message")
    assert case.job(job.job_id).state is JobState.WRITING
    served.advance(seconds=1)
    client.result(job.job_id, result)
    assert case.job(job.job_id).state is JobState.PROVED


def test_a_result_is_receipt_or_problem(
    served: Served, case: Case, client: ServerClient, reserved: ReservedFob
) -> None:
    (job,) = client.poll(sees(case)).jobs
    path = f"/api/station/v1/jobs/{job.job_id}/result"
    both = replace(case.desk.write(job), problem=Problem(FailureCode.TIMEOUT))
    for message in (JobResult(), both):
        answer = served.http.post(path, content=dump(message), headers=header(case, dump(message), path))
        assert (answer.status_code, answer.json()["field"]) == (422, "receipt")
    assert case.job(job.job_id).state is JobState.WRITING


def test_an_enrolment_code_works_once_and_guessing_is_slowed(served: Served, tmp_path: Path) -> None:
    code = invite_station(served.services, InviteStationCommand("dual", "本店", "窓口1", SYSTEM), served.at).code
    enrol(str(served.http.base_url), code, tmp_path / "first")
    statuses = []
    for _ in range(21):
        with pytest.raises(ServerRefused) as refused:
            enrol(str(served.http.base_url), code, tmp_path / "second")
        statuses.append(refused.value.status)
    assert (set(statuses[:19]), statuses[-1]) == ({401}, 429)
    served.advance(seconds=5)
    with pytest.raises(ServerRefused) as refused:
        enrol(str(served.http.base_url), code, tmp_path / "second")
    assert refused.value.status == 401


def test_answers_hold_no_more_than_the_contract(served: Served, case: Case, reserved: ReservedFob) -> None:
    body = dump(sees(case))
    answer = served.http.post(POLL, content=body, headers=header(case, body))
    assert answer.headers["Cache-Control"] == "no-store"
    work = json.loads(answer.content)
    assert set(work) == {"jobs", "unix_time", "version"}
    assert "set-cookie" not in answer.headers


def test_the_station_role_alone_serves_no_other_interface(served: Served) -> None:
    alone = create_app(served.services, {Role.STATION}, lambda: served.at).test_client()
    assert alone.post(POLL).status_code == 401
    for path in ("/api/v1/verify", "/portal/", "/staff/", "/api/app/v1/begin"):
        assert alone.post(path).status_code == 404
