"""Two tellers, one customer or one fob: indexes and conditional updates decide, and the loser is told (R35)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from pytest_mock import MockerFixture

from devices.contract import FailureCode, ProgramJob
from provisioning.errors import AlreadyTaken, KagiyaError, NotFound, StoreFault, StoreUnavailable, WrongState
from provisioning.jobs import abandon_stale as abandoning
from provisioning.jobs import poll_station as polling
from provisioning.jobs import record_result as recording
from provisioning.jobs.abandon_stale import abandon_stale
from provisioning.jobs.claim_job import ClaimJobCommand, claim_job
from provisioning.jobs.end_attempt import EndAttemptCommand, end_attempt, lost
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.reserve_fob import ReservedFob, ReserveFobCommand
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.states import EndedHow, FobState, JobState
from provisioning.store.journal import move_job
from tests.fixtures.people import add_customer, add_fob
from tests.fobs.case import Case
from tests.fobs.desk import open_desk

T = TypeVar("T")


def at_once(*acts: Callable[[], T]) -> tuple[list[T], list[KagiyaError]]:
    """Do all acts at the same moment; what they gave, and what they raised."""
    barrier = threading.Barrier(len(acts))

    def wait_and(act: Callable[[], T]) -> T | KagiyaError:
        barrier.wait()
        try:
            return act()
        except KagiyaError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        done = list(pool.map(wait_and, acts))
    return [item for item in done if not isinstance(item, KagiyaError)], [
        item for item in done if isinstance(item, KagiyaError)
    ]


def test_two_tellers_issuing_two_fobs_for_one_customer(case: Case) -> None:
    others = [replace(case, fob=add_fob(case.services, f"KF200000{index}")) for index in range(3)]
    won, lost = at_once(case.reserve, *(other.reserve for other in others))
    assert len(won) == 1
    assert lost == [AlreadyTaken("credential")] * 3
    assert len(case.open_credentials()) == 1
    states = [each.fob_state() for each in (case, *others)]
    assert sorted(states) == [FobState.IN_STOCK] * 3 + [FobState.RESERVED]


def test_two_tellers_issuing_one_fob_for_two_customers(case: Case) -> None:
    others = [replace(case, customer=add_customer(case.services, f"12345678200{index}")) for index in range(3)]
    won, lost = at_once(case.reserve, *(other.reserve for other in others))
    assert len(won) == 1
    assert lost == [AlreadyTaken("fob")] * 3
    assert sum(len(each.open_credentials()) for each in (case, *others)) == 1


def test_one_job_is_claimed_by_one_station(case: Case, reserved: ReservedFob) -> None:
    desks = [case.desk, *(open_desk(case.services, case.now, f"窓口{number}") for number in (2, 3))]
    commands = [ClaimJobCommand(reserved.job_id, desk.station_id, desk.actor) for desk in desks]
    acts = [partial(claim_job, case.services, command, case.now) for command in commands]
    won, lost = at_once(*acts)
    assert len(won) == 1
    assert {type(error) for error in lost} == {WrongState}
    assert case.credential(reserved.credential_id).seed_version == 1


def test_the_same_result_twice_at_once_is_recorded_once(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    result = case.desk.write(job)
    done, lost = at_once(*[lambda: case.desk.report(job.job_id, result)] * 4)
    assert (set(done) <= {JobState.WRITTEN, JobState.PROVED}, lost) == (True, [])
    assert case.acts(job.job_id).count(("prove_job", "proved")) == 1
    assert case.fob_state() is FobState.PROGRAMMED


def test_who_comes_second_with_a_result_does_not_leave_before_it_is_proved(
    case: Case, reserved: ReservedFob
) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    result = case.desk.write(job)
    assert result.receipt is not None
    receipt = {name: value for name, value in asdict(result.receipt).items() if name != "code"}
    receipt["code_read"] = True
    with ThreadPoolExecutor(1) as pool:
        # the first one recorded it and died before the proof; the second one had already begun
        with case.services.store.write() as tx:
            move_job(tx, job.job_id, JobState.WRITTEN, receipt=receipt, recorded_at=case.now)
            second = pool.submit(case.desk.report, job.job_id, result)
            threading.Event().wait(0.5)
        assert second.result(timeout=30) is JobState.PROVED
    assert case.job(job.job_id).state is JobState.PROVED


def test_cancelling_while_the_result_arrives_leaves_one_of_both(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    result = case.desk.write(job)
    acts: list[Callable[[], object]] = [
        lambda: case.cancel(job.job_id),
        lambda: case.desk.report(job.job_id, result),
    ]
    at_once(*acts)
    bound = len(case.open_credentials())
    assert (bound, case.fob_state()) in ((1, FobState.PROGRAMMED), (0, FobState.RETURNED))
    assert case.job(job.job_id).closed_at is not None


def test_claim_cancellation_revocation_and_timer_at_once_never_wait_for_each_other_in_a_circle(case: Case) -> None:
    case.desk.plug(case.fob)
    for round_ in range(6):
        reserved = case.reserve()
        command = RevokeCommand("dual", reserved.credential_id, EndedHow.REVOKED, case.teller)
        in_a_minute = case.now + timedelta(seconds=61)
        writing = [] if round_ % 2 else case.desk.poll()
        acts: list[Callable[[], object]] = [
            partial(revoke, case.services, command, case.now),
            partial(case.cancel, reserved.job_id),
            partial(abandon_stale, case.services, in_a_minute),
            case.desk.poll,
        ]
        acts += [partial(case.desk.report, job.job_id, case.desk.write(job)) for job in writing]
        _, lost = at_once(*acts)
        assert {type(error) for error in lost} <= {WrongState, NotFound}, lost
        _tidy(case)


def _tidy(case: Case) -> None:
    """Whatever came of it, the fob comes back into stock by the ordinary ways."""
    case.desk.running.clear()
    for job in case.jobs():
        if job.closed_at is None:
            case.cancel(job.id)
    for credential in case.open_credentials():
        command = RevokeCommand("dual", credential.id, EndedHow.REVOKED, case.teller)
        revoke(case.services, command, case.now)
    if case.fob_state() is FobState.RETURNED:
        erase_fob(case.services, case.of_fob(), case.now)
        assert case.desk.work() == [JobState.WRITTEN]
    assert (case.fob_state(), case.open_credentials()) == (FobState.IN_STOCK, [])
    case.desk.now += timedelta(minutes=2)


def test_a_reservation_needs_things_of_the_same_institution(case: Case) -> None:
    stranger, foreign_fob = add_customer(case.services, "A1", "other"), add_fob(case.services, "KF3", "other")
    for changed in (replace(case, customer=stranger), replace(case, fob=foreign_fob)):
        with pytest.raises(NotFound):
            changed.reserve()
    foreign_desk = open_desk(case.services, case.now, institution_id="other")
    with pytest.raises(NotFound):
        case.reserve(station_id=foreign_desk.station_id)
    with pytest.raises(NotFound):
        case.reserve(application_id="0" * 32)
    assert case.fob_state() is FobState.IN_STOCK
    assert ReserveFobCommand("dual", "c", "f", case.teller).station_id is None


def between(mocker: MockerFixture, happens: Callable[[], object]) -> None:
    """What happens after the worker has looked and before it gives a job up."""

    def lost_meanwhile(*facts: Any) -> EndAttemptCommand:
        happens()
        return lost(*facts)

    mocker.patch.object(abandoning, "lost", lost_meanwhile)


def test_a_result_that_comes_as_its_job_is_given_up_counts(
    case: Case, reserved: ReservedFob, mocker: MockerFixture
) -> None:
    case.desk.plug(case.fob).tells_code = False
    (job,) = case.desk.poll()
    result = case.desk.write(job)
    between(mocker, lambda: case.desk.report(job.job_id, result))
    assert abandon_stale(case.services, case.now + timedelta(seconds=61)) == 0
    assert (case.job(job.job_id).state, case.job(job.job_id).closed_at) == (JobState.WRITTEN, None)
    assert case.credential(reserved.credential_id).sealed_seed is not None


def test_a_station_that_is_heard_as_its_job_is_given_up_keeps_it(
    case: Case, reserved: ReservedFob, mocker: MockerFixture
) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    case.desk.now += timedelta(seconds=61)
    between(mocker, case.desk.poll)
    assert abandon_stale(case.services, case.now) == 0
    assert case.job(job.job_id).state is JobState.WRITING


def test_of_two_results_that_differ_the_first_counts(
    case: Case, reserved: ReservedFob, mocker: MockerFixture
) -> None:
    case.desk.plug(case.fob).tells_code = False
    (job,) = case.desk.poll()
    written = case.desk.write(job)

    def ended_meanwhile(*facts: Any) -> object:
        case.desk.report(job.job_id, written)
        return end_attempt(*facts)

    mocker.patch.object(recording, "end_attempt", ended_meanwhile)
    with pytest.raises(WrongState) as refused:
        case.desk.fail(job.job_id, FailureCode.LINK_LOST)
    assert refused.value == WrongState("job", JobState.WRITTEN)
    assert case.job(job.job_id).state is JobState.WRITTEN


def test_a_station_hears_of_what_it_got_before_the_database_refused(
    case: Case, reserved: ReservedFob, mocker: MockerFixture
) -> None:
    """What it never hears of would be given up as if it had lost it."""
    second = replace(case, fob=add_fob(case.services, "KF0000002"), customer=add_customer(case.services, "A2"))
    second.reserve()
    for one in (case, second):
        case.desk.plug(one.fob)
    refusal = StoreUnavailable(StoreFault.LOCKED)
    mocker.patch.object(polling, "claim_job", side_effect=[claim_first(case), refusal, refusal])
    assert [job.job_id for job in case.desk.poll()] == [reserved.job_id]
    with pytest.raises(StoreUnavailable):
        case.desk.poll()


def claim_first(case: Case) -> ProgramJob:
    """The oldest job, for the case's desk."""
    command = ClaimJobCommand(case.jobs()[0].id, case.desk.station_id, case.desk.actor)
    return claim_job(case.services, command, case.now)
