"""The server is killed right before and right after every commit of two writes; sometimes the agent with it."""

from __future__ import annotations

import pytest

from tests.faults.books import check_books
from tests.faults.journeys import finish, shown_to_the_teller
from tests.faults.test_every_report import WITHOUT_STATION
from tests.faults.world import LIMIT_S, World

# nonce, devices, two claims; then nonce, record and proof for each fob, with polls and progress between
COMMITS = range(1, 17)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("commit", COMMITS)
def test_the_server_is_killed(world: World, commit: int, before: bool) -> None:
    dies_at_commit(world, commit, before)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("commit", COMMITS)
def test_both_are_killed(world: World, commit: int, before: bool) -> None:
    """Then only a code typed from the display can prove what was written and not proved."""
    both_die_at_commit(world, commit, before)


@pytest.mark.parametrize("commit", COMMITS[::4])
def test_the_same_on_postgresql(postgresql_copy: World, commit: int) -> None:
    (dies_at_commit, both_die_at_commit)[commit % 2](postgresql_copy, commit, commit % 4 > 1)


def dies_at_commit(world: World, commit: int, before: bool) -> None:
    """The agent lives on."""
    server = world.serve(die_at_commit=commit, before=before)
    world.work()
    assert server.wait_dead(LIMIT_S)
    check_books(world)
    world.serve()
    finish(world)


def both_die_at_commit(world: World, commit: int, before: bool) -> None:
    """Nobody remembers anything but the database and the fobs."""
    server = world.serve(die_at_commit=commit, before=before)
    station = world.work()
    assert server.wait_dead(LIMIT_S)
    station.kill()
    check_books(world)
    assert set(shown_to_the_teller(world, later_s=16)) <= WITHOUT_STATION
    world.serve()
    world.work()
    finish(world, teller_types=True)
