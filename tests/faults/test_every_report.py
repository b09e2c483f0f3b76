"""At every report of a write: the cable comes out, the agent is killed, the server is killed (R27-R29, R32).

Each time: nobody is bound to a fob that does not hold that seed, no seed is in two fobs or on the disk, the
teller is shown what to do, and in the end both fobs are written and both customers can activate.
"""

from __future__ import annotations

import pytest

from provisioning.rules.states import JobState
from provisioning.store.queries.next_step import NextStep
from tests.faults.books import check_books, pages
from tests.faults.journeys import attempts, failures, finish, reports_of_a_write, shown_to_the_teller, timer_runs
from tests.faults.world import HID, LIMIT_S, SERIAL, World, until
from tests.faults.wounds import Act
from tests.rig.clock import RigClock
from tests.rig.drawer import Drawer

# what crosses in a whole write; the first test counts it
REPORTS = {HID: 28, SERIAL: 20}
EVERY = [(serial, report) for serial, count in REPORTS.items() for report in range(1, count + 1)]
ON_POSTGRESQL = EVERY[3::9]

WITHOUT_STATION = {NextStep.START_STATION, NextStep.HAND_OVER, NextStep.TYPE_CODE}


def test_a_whole_write_has_as_many_reports_as_are_cut_here(world: World) -> None:
    drawer = Drawer(world.directory / "rig", RigClock(world.directory / "rig"), (), paced=False)
    for serial, most in REPORTS.items():
        # a cradle reopened within milliseconds goes on counting where it was
        assert most - 1 <= reports_of_a_write(drawer, serial) <= most
    drawer.close()


def test_a_whole_write(world: World) -> None:
    world.serve()
    world.work()
    finish(world)
    assert failures(world) == []
    assert attempts(world) == {HID: [JobState.PROVED], SERIAL: [JobState.PROVED]}


@pytest.mark.parametrize(("serial", "report"), EVERY)
def test_the_cable_comes_out(world: World, serial: str, report: int) -> None:
    cable_comes_out(world, serial, report)


@pytest.mark.parametrize(("serial", "report"), EVERY)
def test_the_agent_is_killed(world: World, serial: str, report: int) -> None:
    agent_is_killed(world, serial, report)


@pytest.mark.parametrize(("serial", "report"), EVERY)
def test_the_server_is_killed(world: World, serial: str, report: int) -> None:
    server_is_killed(world, serial, report)


@pytest.mark.parametrize(("serial", "report"), ON_POSTGRESQL)
def test_the_same_on_postgresql(postgresql_copy: World, serial: str, report: int) -> None:
    fault = (cable_comes_out, agent_is_killed, server_is_killed)[report % 3]
    fault(postgresql_copy, serial, report)


def cable_comes_out(world: World, serial: str, report: int) -> None:
    """The write is tried again with a fresh seed once the fob is back, unless all had been said by then."""
    world.serve()
    world.work(serial, act=Act.CUT, report=report)
    # a slow station has polled before it has seen the fob: that is not yet the story
    until(lambda: attempts(world)[serial] != [JobState.QUEUED], "the fob's job was given to the station")
    told = {NextStep.PLUG_IN, NextStep.HAND_OVER}
    until(lambda: pages(world)[serial].next_step in told, "the teller is told of the fob")
    check_books(world)
    first = attempts(world)[serial]
    assert first in ([JobState.FAILED, JobState.QUEUED], [JobState.PROVED])
    world.plug()
    finish(world)
    assert attempts(world)[serial] == [*first[:-1], JobState.PROVED]


def agent_is_killed(world: World, serial: str, report: int) -> None:
    """Whoever comes first, the timer or the agent started again, gives up what was being written."""
    world.serve()
    assert world.work(serial, act=Act.KILL, report=report).wait_dead(LIMIT_S)
    check_books(world)
    assert set(shown_to_the_teller(world, later_s=16)) <= WITHOUT_STATION
    if report % 2:
        timer_runs(world)
        check_books(world)
    world.work()
    finish(world)
    # one attempt more where the dead agent's last poll was answered after the timer had run
    assert attempts(world)[serial] in [
        [*[JobState.ABANDONED] * given_up, JobState.PROVED] for given_up in range(3)
    ]


def server_is_killed(world: World, serial: str, report: int) -> None:
    """The agent goes on writing and brings the result when the server is back: nothing is begun again."""
    server = world.serve()
    world.work(serial, act=Act.KILL, report=report, pid=server.pid)
    assert server.wait_dead(LIMIT_S)
    check_books(world)
    world.serve()
    finish(world)
    assert failures(world) == []
    assert attempts(world) == {HID: [JobState.PROVED], SERIAL: [JobState.PROVED]}
