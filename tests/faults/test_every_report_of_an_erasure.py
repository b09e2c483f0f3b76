"""At every report of an erasure: the cable comes out, the agent is killed; at every third one the server (R32).

Each time: no fob is stock while a seed is in it, the teller is shown what to do, and in the end both are empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.rules.states import JobState
from provisioning.store.queries.next_step import NextStep
from tests.faults.books import pages
from tests.faults.erasures import all_erased, check_returned, erasures, reports_of_an_erasure, send_back
from tests.faults.journeys import shown_to_the_teller, timer_runs
from tests.faults.nursery import Nursery
from tests.faults.world import HID, LIMIT_S, SERIAL, World, copied_world, until
from tests.faults.wounds import Act
from tests.rig.clock import RigClock
from tests.rig.drawer import Drawer

# what crosses in a whole erasure; the first test counts it
REPORTS = {HID: 20, SERIAL: 12}
EVERY = [(serial, report) for serial, count in REPORTS.items() for report in range(1, count + 1)]


@pytest.fixture(scope="session")
def returned_world(sqlite_world: Path, tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Path:
    """The counter of the other tests, but both fobs came back and are to be erased."""
    directory = tmp_path_factory.mktemp("returned")
    with copied_world(sqlite_world, directory, nursery, f"sqlite:///{directory / 'kagiya.db'}") as world:
        send_back(world)
    return directory


@pytest.fixture
def world(returned_world: Path, tmp_path: Path, nursery: Nursery) -> Iterator[World]:
    """A copy of its own for the test."""
    with copied_world(returned_world, tmp_path, nursery, f"sqlite:///{tmp_path / 'kagiya.db'}") as world:
        yield world


def test_a_whole_erasure_has_as_many_reports_as_are_cut_here(world: World) -> None:
    drawer = Drawer(world.directory / "rig", RigClock(world.directory / "rig"), (), paced=False)
    for serial, most in REPORTS.items():
        # a cradle reopened within milliseconds goes on counting where it was
        assert most - 1 <= reports_of_an_erasure(drawer, serial) <= most
    drawer.close()


@pytest.mark.parametrize(("serial", "report"), EVERY)
def test_the_cable_comes_out(world: World, serial: str, report: int) -> None:
    """Erased again once the fob is back, unless all had been said by then."""
    world.serve()
    world.work(serial, act=Act.CUT, report=report)
    until(lambda: erasures(world)[serial] != [JobState.QUEUED], "the fob's job was given to the station")
    told = {NextStep.PLUG_IN, NextStep.NOTHING}
    until(lambda: pages(world)[serial].next_step in told, "the teller is told of the fob")
    check_returned(world)
    first = erasures(world)[serial]
    assert first in ([JobState.FAILED, JobState.QUEUED], [JobState.WRITTEN])
    world.plug()
    all_erased(world)
    assert erasures(world)[serial] == [*first[:-1], JobState.WRITTEN]


@pytest.mark.parametrize(("serial", "report"), EVERY)
def test_the_agent_is_killed(world: World, serial: str, report: int) -> None:
    """Whoever comes first, the timer or the agent started again, gives up what was being erased."""
    world.serve()
    assert world.work(serial, act=Act.KILL, report=report).wait_dead(LIMIT_S)
    check_returned(world)
    assert set(shown_to_the_teller(world, later_s=16)) <= {NextStep.START_STATION, NextStep.NOTHING}
    if report % 2:
        timer_runs(world)
        check_returned(world)
    world.work()
    all_erased(world)


@pytest.mark.parametrize(("serial", "report"), EVERY[::3])
def test_the_server_is_killed(world: World, serial: str, report: int) -> None:
    """The agent brings the result when the server is back: nothing is begun again."""
    server = world.serve()
    world.work(serial, act=Act.KILL, report=report, pid=server.pid)
    assert server.wait_dead(LIMIT_S)
    check_returned(world)
    world.serve()
    all_erased(world)
    assert erasures(world) == {HID: [JobState.WRITTEN], SERIAL: [JobState.WRITTEN]}
