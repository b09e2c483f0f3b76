"""A fob that would lock itself at the next wrong code: left alone until somebody is asked and says yes."""

from __future__ import annotations

import pytest

from devices.contract import FailureCode, JobKind, JobResult, Problem
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fobs.desk import Desk
from tests.fobs.kinds import LOCKS, with_kind
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.fob_steps import at, fob_state, plug

ASKED = "最後の1回を使って消去する"


@pytest.fixture
def services(services: Services) -> Services:
    return with_kind(services, LOCKS)


@pytest.fixture
def left_alone(teller_desk: Colleague, customer_a: Customer, fob: Fob, station_desk: Desk) -> str:
    """A write that ended before the last try; its page."""
    plug(station_desk, fob)
    teller_desk.get(at(customer_a))
    teller_desk.press(at(customer_a), fob_id=fob.id)
    (job,) = station_desk.poll()
    assert not job.may_use_last_try
    problem = Problem(FailureCode.LAST_TRY, {"tries_left": "1"})
    station_desk.report(job.job_id, JobResult(problem=problem))
    return teller_desk.get(teller_desk.path).path


@sqlite_only
def test_the_teller_is_told_and_asked(teller_desk: Colleague, left_alone: str) -> None:
    assert teller_desk.says("完全にロックされるため、書き込みを止めました。", "残りの回数", ASKED)


@sqlite_only
def test_only_then_the_last_try_is_spent(
    teller_desk: Colleague, services: Services, fob: Fob, station_desk: Desk, left_alone: str
) -> None:
    assert station_desk.poll() == ()
    teller_desk.press(left_alone + "last-try")
    assert teller_desk.path != left_alone
    (job,) = station_desk.poll()
    assert (job.kind, job.may_use_last_try) == (JobKind.ERASE, True)
    assert station_desk.open_access_code(job)
    station_desk.report(job.job_id, station_desk.write(job))
    assert fob_state(services, fob) is FobState.IN_STOCK
    teller_desk.get(left_alone)
    assert not teller_desk.says(ASKED)


@sqlite_only
def test_it_is_asked_again_after_another_failure(
    teller_desk: Colleague, station_desk: Desk, left_alone: str
) -> None:
    teller_desk.press(left_alone + "last-try")
    (job,) = station_desk.poll()
    station_desk.fail(job.job_id, FailureCode.LINK_LOST)
    (again,) = station_desk.poll()
    assert not again.may_use_last_try


@sqlite_only
def test_who_may_not_keep_the_stock_is_not_asked(at_desk: AtDesk, teller_desk: Colleague, left_alone: str) -> None:
    auditor = at_desk(role=StaffRole.AUDITOR, name="監査 一郎")
    auditor.get(left_alone)
    assert auditor.says("書き込みを止めました。")
    assert not auditor.says(ASKED)


@sqlite_only
def test_without_that_failure_there_is_no_such_act(
    teller_desk: Colleague, customer_a: Customer, fob: Fob, station_desk: Desk
) -> None:
    plug(station_desk, fob)
    teller_desk.get(at(customer_a))
    teller_desk.press(at(customer_a), fob_id=fob.id)
    page = teller_desk.path
    assert not teller_desk.says(ASKED)
    form = teller_desk.form(page + "cancel")
    teller_desk.post(page + "last-try", form)
    assert teller_desk.page.status_code == 404
