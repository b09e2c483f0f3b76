"""Fobs that tell no serial number: the teller types the label, and exactly one may be plugged in (R28)."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from devices.contract import FailureCode, Problem
from provisioning.errors import AlreadyTaken, BadInput, InputFault, NotFound, WrongState
from provisioning.jobs import unnamed_fob
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.hand_over import hand_over
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.jobs.revoke_station import RevokeStationCommand, revoke_station
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.rules.states import FobState, JobState
from provisioning.store.queries.next_step import NextStep
from provisioning.store.tables import Customer, Fob
from tests.fixtures.databases import postgresql_only, sqlite_only
from tests.fixtures.people import add_fob
from tests.fobs.case import Case
from tests.fobs.desk import Desk, PlainFob, open_desk
from tests.fobs.kinds import NAME, UNNAMED, as_kind


@pytest.fixture
def unnamed(case: Case) -> Case:
    return as_kind(case, UNNAMED)


def plug(case: Case, fob: Fob | None = None, desk: Desk | None = None) -> PlainFob:
    desk = desk or case.desk
    plain = desk.plug(fob or case.fob)
    plain.named = False
    desk.poll()
    return plain


def other_fob(case: Case) -> Fob:
    return add_fob(case.services, "KF0000099")


def reserve_other(case: Case, customer: Customer, fob: Fob) -> None:
    reserve_fob(case.services, ReserveFobCommand("dual", customer.id, fob.id, case.teller), case.now)


def test_the_one_that_is_plugged_in_is_written(unnamed: Case) -> None:
    plain = plug(unnamed)
    reserved = unnamed.reserve()
    assert unnamed.open_job().station_id == unnamed.desk.station_id
    (job,) = unnamed.desk.poll()
    assert (job.serial, unnamed.desk.report(job.job_id, unnamed.desk.write(job))) == (
        unnamed.fob.serial,
        JobState.PROVED,
    )
    assert plain.seed is not None
    assert unnamed.job(reserved.job_id).state is JobState.PROVED


def test_with_none_plugged_in_nothing_is_reserved(unnamed: Case) -> None:
    unnamed.desk.poll()
    with pytest.raises(WrongState) as caught:
        unnamed.reserve()
    assert caught.value == WrongState("device", "not_found")
    assert unnamed.jobs() == []
    assert unnamed.fob_state() is FobState.IN_STOCK


def test_with_two_plugged_in_nothing_is_reserved(unnamed: Case) -> None:
    plug(unnamed)
    plug(unnamed, other_fob(unnamed))
    with pytest.raises(WrongState) as caught:
        unnamed.reserve()
    assert caught.value == WrongState("device", "not_alone")


def test_a_second_one_plugged_in_later_stops_the_writing(unnamed: Case) -> None:
    plug(unnamed)
    reserved = unnamed.reserve()
    second = unnamed.desk.plug(other_fob(unnamed))
    second.named = False
    assert unnamed.desk.poll() == ()
    assert unnamed.page(reserved.job_id).next_step is NextStep.REMOVE_DOUBLE
    unnamed.desk.fobs.remove(second)
    assert len(unnamed.desk.poll()) == 1


def test_at_another_station_it_is_not_written(unnamed: Case) -> None:
    plug(unnamed)
    unnamed.reserve()
    elsewhere = open_desk(unnamed.services, unnamed.now, "窓口2")
    plug(unnamed, desk=elsewhere)
    assert elsewhere.poll() == ()
    assert len(unnamed.desk.poll()) == 1


def test_two_stations_with_one_each_need_the_stations_name(unnamed: Case) -> None:
    plug(unnamed)
    elsewhere = open_desk(unnamed.services, unnamed.now, "窓口2")
    plug(unnamed, desk=elsewhere)
    with pytest.raises(WrongState):
        unnamed.reserve()
    unnamed.reserve(station_id=elsewhere.station_id)
    assert unnamed.desk.poll() == ()
    assert len(elsewhere.poll()) == 1


@sqlite_only
def test_a_station_unheard_of_sees_nothing(unnamed: Case) -> None:
    plug(unnamed)
    unnamed.desk.now += timedelta(minutes=1)
    with pytest.raises(WrongState):
        unnamed.reserve()


def test_while_one_waits_no_other_of_the_kind_is_reserved(unnamed: Case, customer_b: Customer) -> None:
    plug(unnamed)
    unnamed.reserve()
    with pytest.raises(AlreadyTaken) as caught:
        reserve_other(unnamed, customer_b, other_fob(unnamed))
    assert caught.value == AlreadyTaken("device")


@postgresql_only
def test_of_two_reserved_at_once_for_one_device_one_is(
    unnamed: Case, customer_b: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(unnamed)
    other, look = other_fob(unnamed), unnamed_fob._is_waited_for
    tellers: list[Future[None]] = []
    with ThreadPoolExecutor(1) as pool:

        def found_free_twice(*given: Any) -> bool:
            found = look(*given)
            if not tellers:
                tellers.append(pool.submit(reserve_other, unnamed, customer_b, other))
                wait(tellers, timeout=0.5)
            return found

        monkeypatch.setattr(unnamed_fob, "_is_waited_for", found_free_twice)
        unnamed.reserve()
    assert tellers[0].exception() == AlreadyTaken("device")
    assert len(unnamed.jobs()) == 1


def test_one_that_is_written_and_still_there_is_not_taken_for_another(unnamed: Case, customer_b: Customer) -> None:
    written = plug(unnamed)
    unnamed.reserve()
    assert unnamed.desk.work() == [JobState.PROVED]
    seed, other = written.seed, other_fob(unnamed)
    with pytest.raises(AlreadyTaken):
        reserve_other(unnamed, customer_b, other)
    hand_over(unnamed.services, unnamed.of_fob(), unnamed.now)
    unnamed.desk.fobs.remove(written)
    plug(unnamed, other)
    reserve_other(unnamed, customer_b, other)
    assert unnamed.desk.work() == [JobState.PROVED]
    assert written.seed == seed


def test_a_further_attempt_stays_at_its_station(unnamed: Case) -> None:
    plug(unnamed)
    unnamed.reserve()
    elsewhere = open_desk(unnamed.services, unnamed.now, "窓口2")
    (job,) = unnamed.desk.poll()
    unnamed.desk.fail(job.job_id, FailureCode.LINK_LOST)
    plug(unnamed, desk=elsewhere)
    assert elsewhere.running == []
    assert unnamed.open_job().station_id == unnamed.desk.station_id
    assert len(unnamed.desk.poll()) == 1


def test_when_its_station_is_revoked_no_other_writes_it(unnamed: Case) -> None:
    plug(unnamed)
    unnamed.reserve()
    elsewhere = open_desk(unnamed.services, unnamed.now, "窓口2")
    plug(unnamed, desk=elsewhere)
    command = RevokeStationCommand("dual", unnamed.desk.station_id, unnamed.teller)
    revoke_station(unnamed.services, command, unnamed.now)
    assert elsewhere.poll() == ()
    unnamed.cancel(unnamed.open_job().id)
    assert unnamed.fob_state() is FobState.IN_STOCK


def test_an_erasure_takes_the_one_that_is_plugged_in(unnamed: Case) -> None:
    plain = plug(unnamed)
    reserved = unnamed.reserve()
    unnamed.desk.work()
    unnamed.end(reserved.credential_id)
    unnamed.desk.fobs.remove(plain)
    unnamed.desk.poll()
    with pytest.raises(WrongState):
        erase_fob(unnamed.services, unnamed.of_fob(), unnamed.now)
    unnamed.desk.fobs.append(plain)
    unnamed.desk.poll()
    erase_fob(unnamed.services, unnamed.of_fob(), unnamed.now)
    assert unnamed.desk.work() == [JobState.WRITTEN]
    assert unnamed.fob_state() is FobState.IN_STOCK
    assert plain.seed is None


def take(case: Case, label: str) -> str:
    command = TakeIntoStockCommand("dual", case.desk.station_id, NAME, label, case.teller)
    return take_into_stock(case.services, command, case.now).fob_id


def test_it_is_taken_into_stock_under_its_label(unnamed: Case) -> None:
    plain = PlainFob("told to nobody", named=False)
    unnamed.desk.fobs.append(plain)
    unnamed.desk.poll()
    fob_id = take(unnamed, "OK-0017")
    with unnamed.services.store.read() as session:
        fob = session.get_one(Fob, fob_id)
        assert (fob.serial, fob.model, fob.state) == ("OK-0017", "Kagiya Fob", FobState.IN_STOCK)
    with pytest.raises(AlreadyTaken):
        take(unnamed, "OK-0017")


@pytest.mark.parametrize(
    ("label", "fault"),
    [
        ("", InputFault.MISSING),
        ("ok 17", InputFault.BAD_FORM),
        ("-", InputFault.BAD_FORM),
        ("A" * 33, InputFault.BAD_FORM),
    ],
)
@sqlite_only
def test_a_label_that_is_none_is_refused(unnamed: Case, label: str, fault: InputFault) -> None:
    plug(unnamed)
    with pytest.raises(BadInput) as caught:
        take(unnamed, label)
    assert caught.value == BadInput("serial", fault)


@sqlite_only
def test_two_or_none_plugged_in_are_not_taken(unnamed: Case) -> None:
    with pytest.raises(NotFound):
        take(unnamed, "OK-0017")
    plug(unnamed)
    plug(unnamed, other_fob(unnamed))
    with pytest.raises(NotFound):
        take(unnamed, "OK-0017")


@sqlite_only
def test_one_with_a_problem_is_not_taken(unnamed: Case) -> None:
    plain = plug(unnamed)
    plain.problem = Problem(FailureCode.DEVICE_LOCKED)
    unnamed.desk.poll()
    with pytest.raises(WrongState):
        take(unnamed, "OK-0017")


@sqlite_only
def test_a_fob_with_a_name_is_not_taken_by_a_label(case: Case) -> None:
    plug(case)
    with pytest.raises(NotFound):
        take(case, "OK-0017")
    with pytest.raises(NotFound):
        take(replace(case), "")
