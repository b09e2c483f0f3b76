"""A fob between the look at it and the act: somebody else's act on it comes first or waits, none is half (R31)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from provisioning.errors import AlreadyTaken, WrongState
from provisioning.jobs import record_result as record_result_module
from provisioning.jobs import remove_fob as remove_fob_module
from provisioning.jobs import take_back as take_back_module
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.hand_over import hand_over
from provisioning.jobs.remove_fob import RemoveFobCommand, remove_fob
from provisioning.jobs.reserve_fob import ReservedFob
from provisioning.jobs.take_back import take_back
from provisioning.rules.states import FobState, JobState
from provisioning.store import conflicts
from tests.fixtures.databases import postgresql_only
from tests.fobs.case import Case

pytestmark = postgresql_only


@contextmanager
def meanwhile(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, look: str, act: Callable[[], object]
) -> Iterator[list[Future[object]]]:
    """Once the first `look` in `module` is over somebody else begins `act`, and ends it if nothing holds it up."""
    others: list[Future[object]] = []
    do = getattr(module, look)
    with ThreadPoolExecutor(1) as pool:

        def looked(*given: Any, **more: Any) -> Any:
            found = do(*given, **more)
            if not others:
                others.append(pool.submit(act))
                wait(others, timeout=0.3)
            return found

        monkeypatch.setattr(module, look, looked)
        yield others


def remove(case: Case, to: FobState) -> None:
    remove_fob(case.services, RemoveFobCommand("dual", case.fob.id, case.teller, to), case.now)


def dead_fob(case: Case) -> None:
    """The fob is with the customer, whose token has ended."""
    credential_id = case.reserve().credential_id
    case.desk.plug(case.fob)
    case.desk.work()
    hand_over(case.services, case.of_fob(), case.now)
    case.end(credential_id)
    case.desk.now += timedelta(days=1)


@pytest.mark.parametrize("to", [FobState.LOST, FobState.BROKEN, FobState.RETIRED])
def test_one_that_is_reserved_while_it_is_removed_stays(
    case: Case, monkeypatch: pytest.MonkeyPatch, to: FobState
) -> None:
    with meanwhile(monkeypatch, remove_fob_module, "fob_case", case.reserve), pytest.raises(WrongState) as refused:
        remove(case, to)
    assert refused.value == WrongState("fob", FobState.RESERVED)
    assert (case.fob_state(), len(case.open_credentials())) == (FobState.RESERVED, 1)


def test_one_that_is_taken_back_is_not_reserved_anew(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    dead_fob(case)
    with meanwhile(monkeypatch, take_back_module, "fob_case", case.reserve) as others:
        take_back(case.services, case.of_fob(), case.now)
    assert others[0].exception() == AlreadyTaken("fob")
    assert (case.fob_state(), case.open_credentials()) == (FobState.RETURNED, [])


def test_one_that_is_lost_is_not_to_be_erased(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    dead_fob(case)
    take_back(case.services, case.of_fob(), case.now)

    def erase() -> None:
        erase_fob(case.services, case.of_fob(), case.now)

    with meanwhile(monkeypatch, remove_fob_module, "fob_case", erase):
        remove(case, FobState.LOST)
    assert case.fob_state() is FobState.LOST
    assert case.jobs()[-1].state is JobState.ABANDONED


def test_a_poll_and_a_result_of_one_station_do_not_wait_for_each_other_in_a_circle(
    case: Case, reserved: ReservedFob, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    result = case.desk.write(job)
    given_up: list[int] = []
    monkeypatch.setattr(conflicts, "_pause", given_up.append)
    # its generation is another by now, which a poll notes with the fob
    with meanwhile(monkeypatch, record_result_module, "hold_station", case.desk.poll) as others:
        assert case.desk.report(job.job_id, result) is JobState.PROVED
    others[0].result()
    assert given_up == []
    assert case.fob_state() is FobState.PROGRAMMED
