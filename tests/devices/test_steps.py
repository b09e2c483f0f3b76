"""Progress of an act: every step up to the last, which only the end tells."""

from __future__ import annotations

import pytest

from devices.steps import Steps


@pytest.mark.parametrize("crossed", [0, 2, 3, 5])
def test_the_last_step_is_the_end(crossed: int) -> None:
    told: list[tuple[int, int]] = []
    steps = Steps(lambda done, expected: told.append((done, expected)))
    steps.crossed()
    assert told == [], "nothing is under way yet"
    steps.begin(3)
    for _ in range(crossed):
        steps.crossed()
    assert steps.end() == crossed
    assert told == [*[(done, 3) for done in range(1, min(crossed, 2) + 1)], (3, 3)]
    steps.crossed()
    assert told[-1] == (3, 3)


def test_an_act_that_turns_out_longer_tells_so() -> None:
    told: list[tuple[int, int]] = []
    steps = Steps(lambda done, expected: told.append((done, expected)))
    steps.begin(2)
    steps.add(2)
    steps.crossed()
    assert told == [(1, 4)]
