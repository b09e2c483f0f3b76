"""The rig's clock moves, remembers, and is one clock for every process that has the same directory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.rig.clock import JAPAN, OffsetTooLarge, RigClock


def _ahead_s(clock: RigClock) -> float:
    return (clock.now() - datetime.now(UTC)).total_seconds()


def test_a_new_clock_shows_the_machines_time(tmp_path: Path) -> None:
    clock = RigClock(tmp_path / "rig")
    assert clock.offset_s == 0
    assert abs(_ahead_s(clock)) < 1


def test_the_offset_is_remembered_over_a_restart(tmp_path: Path) -> None:
    RigClock(tmp_path).advance(86_400)
    again = RigClock(tmp_path)
    again.advance(60)
    assert RigClock(tmp_path).offset_s == 86_460
    assert abs(_ahead_s(RigClock(tmp_path)) - 86_460) < 1


def test_another_process_sees_the_move(tmp_path: Path) -> None:
    here, there = RigClock(tmp_path), RigClock(tmp_path)
    here.advance(60)
    assert there.offset_s == 60
    there.advance(-120)
    assert here.offset_s == -60


def test_time_of_day_in_japan_is_reached_forwards_only(tmp_path: Path) -> None:
    clock = RigClock(tmp_path)
    before = clock.now()
    clock.advance_to(20, 49, 50)
    here = clock.now().astimezone(JAPAN)
    assert 0 <= (here - here.replace(hour=20, minute=49, second=50, microsecond=0)).total_seconds() < 2
    assert timedelta(0) < clock.now() - before <= timedelta(days=1, seconds=2)


def test_a_move_out_of_reach_is_refused_and_moves_nothing(tmp_path: Path) -> None:
    clock = RigClock(tmp_path)
    clock.advance(60)
    with pytest.raises(OffsetTooLarge):
        clock.advance(10**12)
    assert clock.offset_s == 60
