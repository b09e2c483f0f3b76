"""From reservation to the customer's hand, and what happens when a write does not succeed (R27, R29, R32)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag

from devices.contract import FailureCode, JobResult, Problem
from provisioning.clock import ClockGuard
from provisioning.errors import BadInput, ClockUntrusted, NotFound, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.hand_over import hand_over
from provisioning.jobs.record_result import RecordResultCommand, record_result
from provisioning.jobs.reserve_fob import ReservedFob, ReserveFobCommand, reserve_fob
from provisioning.rules.states import CredentialState, EndedHow, FobState, JobState
from provisioning.rules.verdict import Outcome
from provisioning.store.queries.jobs import PROVED_WITHIN
from provisioning.store.queries.next_step import NextStep
from tests.fixtures.people import add_customer, add_fob, customer_actor
from tests.fobs.case import Case


def test_a_fob_is_written_proved_handed_over_and_activated(case: Case, reserved: ReservedFob) -> None:
    plain = case.desk.plug(case.fob)
    assert case.fob_state() is FobState.RESERVED
    assert case.credential(reserved.credential_id).sealed_seed is None

    (job,) = case.desk.poll()
    assert case.fob_state() is FobState.PROGRAMMING
    assert case.job(job.job_id).state is JobState.WRITING
    result = case.desk.write(job)
    assert case.desk.report(job.job_id, result) is JobState.PROVED
    assert case.fob_state() is FobState.PROGRAMMED
    assert case.credential(reserved.credential_id).state is CredentialState.SET_UP

    hand_over(case.services, case.of_fob(), case.now)
    assert case.fob_state() is FobState.HANDED_OVER
    command = ActivateCommand("dual", case.customer.user_id, plain.code(case.now), customer_actor(case.customer))
    assert activate(case.services, command, case.now).outcome is Outcome.ACCEPTED, "the proof consumed no step"
    assert case.fob_state() is FobState.IN_USE
    told = case.acts(job.job_id)
    assert told == [
        ("reserve_fob", "queued"),
        ("claim_job", "intent"),
        ("record_result", "written"),
        ("prove_job", "proved"),
    ]


def test_a_job_is_for_the_fob_as_its_station_saw_it(case: Case, reserved: ReservedFob) -> None:
    plain = case.desk.plug(case.fob)
    plain.generation = 41
    (job,) = case.desk.poll()
    assert job.generation == 41
    case.desk.write(job)  # and the cable is out before the answer
    case.desk.fail(job.job_id, FailureCode.LINK_LOST)
    (again,) = case.desk.poll()
    assert again.generation == 42


def test_the_seed_crosses_for_this_job_only(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    assert len(case.desk.open_seed(job)) == 20
    with pytest.raises(InvalidTag):
        case.desk.open_seed(replace(job, serial="KF0000002"))
    assert job.sealed_seed not in repr(job)


def test_the_code_read_back_is_not_kept(case: Case, reserved: ReservedFob) -> None:
    plain = case.desk.plug(case.fob)
    case.desk.work()
    receipt = case.job(reserved.job_id).receipt
    assert receipt is not None
    assert plain.code(case.now) not in str(receipt)
    assert receipt["generation_after"] == 1


@pytest.mark.parametrize(
    ("attempts", "last"), [(1, FobState.PROGRAMMED), (2, FobState.PROGRAMMED), (3, FobState.RETURNED)]
)
def test_a_failed_write_is_tried_again_with_a_fresh_seed_three_times_at_most(
    case: Case, reserved: ReservedFob, attempts: int, last: FobState
) -> None:
    case.desk.plug(case.fob)
    seeds = []
    for _ in range(attempts):
        (job,) = case.desk.poll()
        seeds.append(case.desk.open_seed(job))
        assert case.desk.fail(job.job_id, FailureCode.LINK_LOST) is JobState.FAILED
        assert case.credential(case.job(job.job_id).credential_id).sealed_seed is None
    assert len(set(seeds)) == attempts
    case.desk.work()
    assert case.fob_state() is last
    ended = [case.credential(job.credential_id) for job in case.jobs()[:attempts]]
    assert {credential.ended_how for credential in ended} == {EndedHow.CANCELLED}
    assert [job.attempt for job in case.jobs()] == list(range(1, min(attempts + 1, 3) + 1))
    assert len(case.open_credentials()) == (1 if attempts < 3 else 0)


@pytest.mark.parametrize("code", [FailureCode.NOT_GENUINE, FailureCode.LOW_BATTERY, FailureCode.OVER_LIMITS])
def test_a_hopeless_failure_is_not_tried_again(case: Case, reserved: ReservedFob, code: FailureCode) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    case.desk.fail(job.job_id, code)
    assert len(case.jobs()) == 1
    assert case.fob_state() is FobState.RETURNED, "something may have been written: erase first"
    assert case.open_credentials() == []


def test_a_wrong_code_read_back_is_a_doubt_that_ends_the_credential(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    receipt = case.desk.write(job).receipt
    assert receipt is not None
    doubtful = JobResult(receipt=replace(receipt, code="00000000"))
    assert case.desk.report(job.job_id, doubtful) is JobState.FAILED
    assert case.credential(reserved.credential_id).state is CredentialState.ENDED
    assert case.open_job().attempt == 2
    assert case.desk.report(job.job_id, doubtful) is JobState.FAILED, "the same result again changes nothing"
    assert case.open_job().attempt == 2


@pytest.mark.parametrize("change", [{"serial": "KF9999999"}, {"generation_after": 0, "generation_before": 3}])
def test_a_receipt_that_proves_no_write_is_a_doubt(
    case: Case, reserved: ReservedFob, change: dict[str, object]
) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    receipt = case.desk.write(job).receipt
    assert receipt is not None
    assert case.desk.report(job.job_id, JobResult(receipt=replace(receipt, **change))) is JobState.FAILED  # type: ignore[arg-type]
    assert case.credential(reserved.credential_id).ended_how is EndedHow.CANCELLED


def test_the_same_result_again_is_fine_and_another_is_refused(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    result = case.desk.write(job)
    assert case.desk.report(job.job_id, result) is JobState.PROVED
    case.desk.now += timedelta(hours=1)
    assert case.desk.report(job.job_id, result) is JobState.PROVED
    assert result.receipt is not None
    with pytest.raises(WrongState) as refused:
        case.desk.report(job.job_id, JobResult(receipt=replace(result.receipt, generation_after=9)))
    assert refused.value == WrongState("job", "proved")
    with pytest.raises(WrongState):
        case.desk.fail(job.job_id, FailureCode.LINK_LOST)
    with pytest.raises(BadInput):
        case.desk.report(job.job_id, JobResult())
    assert case.credential(reserved.credential_id).state is CredentialState.SET_UP


def test_a_proof_missed_by_a_crash_is_made_up_for_when_the_result_comes_again(
    case: Case, reserved: ReservedFob
) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    result = case.desk.write(job)
    without_verifier = replace(case.services, opener=None)
    command = RecordResultCommand(case.desk.station_id, job.job_id, result, case.desk.actor)
    assert record_result(without_verifier, command, case.now) is JobState.WRITTEN
    assert case.fob_state() is FobState.PROGRAMMING
    assert record_result(case.services, command, case.now) is JobState.PROVED


def test_nobody_types_a_code_that_was_read_back_and_is_being_checked(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    command = RecordResultCommand(case.desk.station_id, job.job_id, case.desk.write(job), case.desk.actor)
    assert record_result(replace(case.services, opener=None), command, case.now) is JobState.WRITTEN
    assert case.page(job.job_id).next_step is NextStep.WAIT
    case.desk.now += PROVED_WITHIN
    assert case.page(job.job_id).next_step is NextStep.TYPE_CODE, "somebody died between record and proof"


def test_no_proof_while_the_clock_is_not_to_be_relied_upon(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    result = case.desk.write(job)
    unsure = replace(case.services, clock=ClockGuard(lambda: False))
    command = RecordResultCommand(case.desk.station_id, job.job_id, result, case.desk.actor)
    with pytest.raises(ClockUntrusted):
        record_result(unsure, command, case.now)
    assert case.job(job.job_id).state is JobState.WRITTEN
    assert case.desk.report(job.job_id, result) is JobState.PROVED, "the agent brings it again"


def test_a_job_that_the_station_forgot_is_given_up_and_begun_again(case: Case, reserved: ReservedFob) -> None:
    plain = case.desk.plug(case.fob)
    (lost,) = case.desk.poll()
    late = case.desk.write(lost)
    case.desk.running.clear()  # the agent's process died and came back
    (again,) = case.desk.poll()
    assert again.job_id != lost.job_id
    assert case.job(lost.job_id).state is JobState.ABANDONED
    with pytest.raises(WrongState):
        case.desk.report(lost.job_id, late)
    assert case.desk.report(again.job_id, case.desk.write(again)) is JobState.PROVED
    assert plain.generation == 2


def test_a_job_still_running_is_left_alone(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    for seconds in (1, 30, 300):
        case.desk.now += timedelta(seconds=seconds)
        assert case.desk.poll() == ()
    assert case.job(job.job_id).state is JobState.WRITING


def test_unplugged_between_reservation_and_write_it_waits_and_goes_on(case: Case, reserved: ReservedFob) -> None:
    plain = case.desk.plug(case.fob)
    case.desk.fobs.clear()
    assert case.desk.poll() == ()
    assert case.job(reserved.job_id).state is JobState.QUEUED
    case.desk.fobs.append(plain)
    assert case.desk.work() == [JobState.PROVED]


@pytest.mark.parametrize("code", [FailureCode.UNSUPPORTED_FIRMWARE, FailureCode.NOT_GENUINE, FailureCode.BUSY])
def test_a_fob_with_a_problem_gets_no_seed(case: Case, reserved: ReservedFob, code: FailureCode) -> None:
    plain = case.desk.plug(case.fob)
    plain.problem = Problem(code)
    assert case.desk.poll() == ()
    assert case.credential(reserved.credential_id).seed_version == 0


def test_two_fobs_of_one_serial_get_no_seed_until_one_is_gone(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    double = case.desk.plug(case.fob)
    double.problem = Problem(FailureCode.NOT_ALONE)
    assert case.desk.poll() == ()
    double.problem = None
    assert case.desk.poll() == ()
    case.desk.fobs.remove(double)
    assert case.desk.work() == [JobState.PROVED]


def test_four_fobs_are_written_at_once(case: Case) -> None:
    for index in range(4):
        customer, fob = (
            add_customer(case.services, f"12345678100{index}"),
            add_fob(case.services, f"KF100000{index}"),
        )
        case.desk.plug(fob)
        reserve_fob(case.services, ReserveFobCommand("dual", customer.id, fob.id, case.teller), case.now)
    jobs = case.desk.poll()
    assert len({job.serial for job in jobs}) == 4
    assert [case.desk.report(job.job_id, case.desk.write(job)) for job in jobs] == [JobState.PROVED] * 4
    assert len({plain.seed for plain in case.desk.fobs}) == 4


def test_cancelling_before_the_write_puts_the_fob_back_into_stock(case: Case, reserved: ReservedFob) -> None:
    case.cancel(reserved.job_id)
    assert case.fob_state() is FobState.IN_STOCK
    assert case.open_credentials() == []
    case.desk.plug(case.fob)
    assert case.desk.poll() == ()
    with pytest.raises(WrongState):
        case.cancel(reserved.job_id)
    with pytest.raises(NotFound):
        case.cancel(reserved.job_id, "other")


def test_cancelling_during_the_write_leaves_a_fob_to_be_erased(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    case.cancel(job.job_id)
    assert case.fob_state() is FobState.RETURNED
    with pytest.raises(WrongState):
        case.desk.report(job.job_id, case.desk.write(job))
    assert case.credential(reserved.credential_id).sealed_seed is None


def test_while_a_station_writes_on_at_a_job_that_was_given_up_its_fob_gets_no_other(
    case: Case, reserved: ReservedFob
) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    case.cancel(job.job_id)
    erase_fob(case.services, case.of_fob(), case.now)
    assert case.desk.poll() == (), "two would write into one fob"
    with pytest.raises(WrongState):
        case.desk.report(job.job_id, case.desk.write(job))
    case.desk.running.clear()
    assert case.desk.work() == [JobState.WRITTEN]
    assert case.fob_state() is FobState.IN_STOCK


def test_cancelling_a_second_attempt_leaves_a_fob_to_be_erased(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    case.desk.fail(job.job_id, FailureCode.LINK_LOST)
    case.cancel(case.open_job().id)
    assert case.fob_state() is FobState.RETURNED
