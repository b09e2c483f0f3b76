"""The teller always sees one next thing to do, with its facts, and the journal as a timeline."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devices.contract import FailureCode, Problem, Progress
from provisioning.errors import BadInput, NotFound, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.hand_over import hand_over
from provisioning.jobs.record_progress import RecordProgressCommand, record_progress
from provisioning.jobs.reserve_fob import ReservedFob
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.states import EndedHow, FobState, JobState
from provisioning.store.queries import fobs, jobs, stations
from provisioning.store.queries.fobs import FobStep
from provisioning.store.queries.jobs import JobFilter
from provisioning.store.queries.journal_steps import StepName, StepStatus
from provisioning.store.queries.next_step import NextStep
from provisioning.store.queries.stock import StockFilter, stock
from tests.fixtures.people import add_fob, customer_actor
from tests.fobs.case import Case
from tests.fobs.desk import PlainFob, open_desk


def step(case: Case, job_id: str) -> tuple[NextStep, dict[str, str]]:
    """What the page says."""
    page = case.page(job_id)
    return page.next_step, dict(page.next_facts)


def test_a_good_job_leads_from_step_to_step(case: Case, reserved: ReservedFob) -> None:
    job_id = reserved.job_id
    assert step(case, job_id) == (NextStep.START_STATION, {"station": ""})
    case.desk.poll()
    assert step(case, job_id) == (NextStep.PLUG_IN, {"serial": "KF0000001"})
    plain = case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    assert step(case, job_id) == (NextStep.WAIT, {"serial": "KF0000001", "station": "窓口1"})
    case.desk.report(job.job_id, case.desk.write(job))
    assert step(case, job_id)[0] is NextStep.HAND_OVER
    hand_over(case.services, case.of_fob(), case.now)
    assert step(case, job_id)[0] is NextStep.LET_ACTIVATE
    command = ActivateCommand("dual", case.customer.user_id, plain.code(case.now), customer_actor(case.customer))
    activate(case.services, command, case.now)
    assert step(case, job_id)[0] is NextStep.NOTHING
    page = case.page(job_id)
    assert [item.status for item in page.steps] == [StepStatus.DONE] * 6
    assert all(item.at == case.now for item in page.steps)
    assert (page.customer_id, page.user_id, page.percent) == (case.customer.id, case.customer.user_id, 100)
    (credential,) = case.open_credentials()
    revoke(case.services, RevokeCommand("dual", credential.id, EndedHow.REVOKED, case.teller), case.now)
    assert step(case, job_id)[0] is NextStep.NOTHING


def test_a_device_that_cannot_be_used_is_named_with_its_reason(case: Case, reserved: ReservedFob) -> None:
    plain = case.desk.plug(case.fob)
    plain.problem = Problem(FailureCode.PERMISSION, {"path": "/dev/hidraw3", "rule": "72-kagiya.rules"})
    case.desk.poll()
    told, facts = step(case, reserved.job_id)
    assert (told, facts["code"], facts["rule"]) == (NextStep.MEND_DEVICE, "permission", "72-kagiya.rules")
    device = case.page(reserved.job_id).device
    assert device is not None
    assert device.problem is not None


def test_a_fob_whose_firmware_no_profile_covers_is_known_by_its_serial(case: Case, reserved: ReservedFob) -> None:
    plain = case.desk.plug(case.fob)
    plain.profile, plain.problem = "", Problem(FailureCode.UNSUPPORTED_FIRMWARE, {"firmware": "99.0.0"})
    case.desk.poll()
    told, facts = step(case, reserved.job_id)
    assert (told, facts["code"], facts["firmware"]) == (NextStep.MEND_DEVICE, "unsupported_firmware", "99.0.0")
    (seen,) = stations.station(case.services.store, "dual", case.desk.station_id, case.now).devices
    assert seen.fob_id == case.fob.id


def test_a_device_that_cannot_be_asked_is_named_where_the_fob_is_missed(case: Case, reserved: ReservedFob) -> None:
    busy = Problem(FailureCode.BUSY, {"path": "/dev/ttyACM0", "holder": "ModemManager"})
    case.desk.fobs.append(PlainFob("", profile="", problem=busy))
    case.desk.poll()
    told, facts = step(case, reserved.job_id)
    assert (told, facts["code"], facts["holder"]) == (NextStep.MEND_DEVICE, "busy", "ModemManager")
    case.desk.plug(case.fob)
    case.desk.poll()
    assert step(case, reserved.job_id)[0] is NextStep.WAIT


def test_a_double_is_named(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    case.desk.plug(case.fob)
    case.desk.poll()
    assert step(case, reserved.job_id) == (NextStep.REMOVE_DOUBLE, {"serial": "KF0000001", "count": "2"})


def test_a_station_that_falls_silent_while_writing_is_named(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    case.desk.poll()
    case.desk.now += timedelta(seconds=16)
    assert step(case, reserved.job_id) == (NextStep.START_STATION, {"station": "窓口1"})


def test_a_job_for_one_station_waits_for_that_station(case: Case) -> None:
    other = open_desk(case.services, case.now, "窓口2")
    reserved = case.reserve(station_id=other.station_id)
    case.desk.plug(case.fob)
    case.desk.poll()
    assert step(case, reserved.job_id) == (NextStep.START_STATION, {"station": "窓口2"})
    other.poll()
    assert step(case, reserved.job_id)[0] is NextStep.PLUG_IN


def test_a_failed_attempt_leads_to_the_one_that_follows(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    case.desk.poll()
    case.desk.fail(reserved.job_id, FailureCode.LINK_LOST)
    follower = case.open_job().id
    assert step(case, reserved.job_id) == (
        NextStep.FOLLOW_NEXT_ATTEMPT,
        {"job_id": follower, "code": "link_lost"},
    )
    statuses = {item.name: item.status for item in case.page(reserved.job_id).steps}
    assert statuses[StepName.WRITTEN] is StepStatus.FAILED
    assert statuses[StepName.ACTIVATED] is StepStatus.NEVER
    assert case.page(follower).attempt == 2


def test_after_the_last_attempt_the_teller_chooses_again(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    for _ in range(3):
        (job,) = case.desk.poll()
        case.desk.fail(job.job_id, FailureCode.TIMEOUT)
    told, facts = step(case, job.job_id)
    assert (told, facts["fob_state"], facts["code"]) == (NextStep.CHOOSE_AGAIN, "returned", "timeout")
    assert fobs.fob(case.services.store, "dual", case.fob.id).next_step is FobStep.ERASE
    erasure = erase_fob(case.services, case.of_fob(), case.now)
    assert step(case, job.job_id)[0] is NextStep.CHOOSE_AGAIN, "the erasure is no further attempt"
    case.desk.work()
    assert step(case, erasure.job_id)[0] is NextStep.NOTHING
    assert [item.status for item in case.page(erasure.job_id).steps] == [StepStatus.DONE] * 3


def test_a_proved_fob_whose_token_was_revoked_is_to_be_erased(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    case.desk.work()
    revoke(case.services, RevokeCommand("dual", reserved.credential_id, EndedHow.REVOKED, case.teller), case.now)
    assert step(case, reserved.job_id)[0] is NextStep.ERASE_FOB
    assert case.page(reserved.job_id).steps[4].status is StepStatus.NEVER


def test_progress_is_shown_while_it_writes(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    case.desk.poll()

    def tell(done: int, total: int, station_id: str = case.desk.station_id) -> None:
        command = RecordProgressCommand(station_id, reserved.job_id, Progress(done, total))
        record_progress(case.services, command, case.now)

    tell(16, 25)
    assert case.page(reserved.job_id).percent == 64
    for done, total in ((26, 25), (-1, 25)):
        with pytest.raises(BadInput):
            tell(done, total)
    with pytest.raises(NotFound):
        tell(1, 25, "0" * 32)
    case.desk.fail(reserved.job_id, FailureCode.LINK_LOST)
    with pytest.raises(WrongState):
        tell(17, 25)


def test_jobs_are_listed_by_branch_customer_fob_and_station(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    case.desk.poll()
    store = case.services.store
    fitting = [
        JobFilter(),
        JobFilter(branch="本店", is_open=True),
        JobFilter(customer_id=case.customer.id),
        JobFilter(fob_id=case.fob.id),
        JobFilter(station_id=case.desk.station_id),
    ]
    for wanted in fitting:
        assert [job.id for job in jobs.jobs(store, "dual", case.now, wanted)] == [reserved.job_id]
    for wanted in (JobFilter(branch="駅前支店"), JobFilter(customer_id="0" * 32), JobFilter(fob_id="0" * 32)):
        assert jobs.jobs(store, "dual", case.now, wanted) == ()
    assert jobs.jobs(store, "other", case.now, JobFilter()) == ()
    with pytest.raises(NotFound):
        jobs.job(store, "other", reserved.job_id, case.now)
    case.cancel(reserved.job_id)
    assert jobs.jobs(store, "dual", case.now, JobFilter(is_open=True)) == ()
    assert case.page(reserved.job_id).state is JobState.ABANDONED


def test_the_stock_is_counted_and_found_by_serial(case: Case, reserved: ReservedFob) -> None:
    add_fob(case.services, "KF0000010")
    add_fob(case.services, "XX0000011")
    store = case.services.store
    drawer = stock(store, "dual")
    counted = (FobState.IN_STOCK, FobState.RESERVED, FobState.LOST)
    assert [drawer.counts[state] for state in counted] == [2, 1, 0]
    assert [fob.serial for fob in drawer.fobs] == ["KF0000001", "KF0000010", "XX0000011"]
    assert [fob.serial for fob in stock(store, "dual", StockFilter(serial_start="KF")).fobs] == [
        "KF0000001",
        "KF0000010",
    ]
    free = StockFilter(state=FobState.IN_STOCK, branch="本店", limit=1)
    assert [fob.serial for fob in stock(store, "dual", free).fobs] == ["KF0000010"]
    assert stock(store, "dual", StockFilter(branch="駅前支店")).fobs == ()
    held = fobs.fob_by_serial(store, "dual", "KF0000001")
    assert held.keeper is not None
    assert (held.keeper.user_id, held.job_id, held.next_step) == (
        case.customer.user_id,
        reserved.job_id,
        FobStep.SEE_JOB,
    )
    with pytest.raises(NotFound):
        fobs.fob(store, "other", case.fob.id)
    for institution_id, serial in (("other", "KF0000001"), ("dual", "KF00000")):
        with pytest.raises(NotFound):
            fobs.fob_by_serial(store, institution_id, serial)


def test_views_hold_no_secret(case: Case, reserved: ReservedFob) -> None:
    plain = case.desk.plug(case.fob)
    assert isinstance(plain, PlainFob)
    case.desk.work()
    assert plain.seed is not None
    shown = repr(case.page(reserved.job_id)) + repr(stock(case.services.store, "dual"))
    assert plain.seed.hex() not in shown
    assert plain.code(case.now) not in shown
