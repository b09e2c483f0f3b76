"""Walks whose every write is refused once: the few in which half of the jobs write; `make faults` has all."""

from __future__ import annotations

from typing import Final

from tests.core.test_conflicts import writers
from tests.faults.every_write import TRIED, refuse_each_write

SHORT: Final = TRIED[:7]


def test_each_write_may_be_refused_and_nothing_comes_of_it_but_a_second_try() -> None:
    code, met = refuse_each_write(SHORT)
    assert code == 0
    assert len(met) >= 50
    assert met - {writer.name for writer in writers()} <= {"judge_code._round"}
