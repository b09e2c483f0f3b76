"""A cable is pulled in a write, before a real station agent and a real server, and put in again.

At every report of the open fob's, in both its sockets; of the other families' at the first, the last and a dozen
between them; of OnlyKey's, which must be alone on the desk, at four of the first half.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.guest.inside.bench import Bench, is_unnamed
from tests.guest.inside.counter import until
from tests.guest.inside.cuts import CutWrites, Ended
from tests.guest.inside.figures import tell
from tests.rig.usb.families import FAMILIES

_SIDE_BY_SIDE: Final = 14
_CONSOLES: Final = 5
"""Serial ports are looked at all the time: more of them would keep each other waiting."""
_ONE_BY_ONE: Final = 4
_LEAST: Final = {"kagiya-fob": 22, "kagiya-cradle": 18}
"""So many reports has a write at least."""
OTHERS: Final = [name for name in FAMILIES if name not in _LEAST]


@pytest.mark.parametrize("family", _LEAST)
def test_pulled_out_at_every_report_of_its_write_and_put_in_again_it_is_written_by_the_next_attempt(
    bench: Bench, family: str
) -> None:
    ended: dict[int, Ended] = {}
    last = _SIDE_BY_SIDE
    while todo := [point for point in range(1, last + 1) if point not in ended]:
        now = CutWrites(bench, family, todo[:_SIDE_BY_SIDE]).run()
        # a cradle is looked at every few seconds: what came out before its write has another turn
        ended |= {point: how for point, how in now.items() if how is not Ended.NOT_BEGUN}
        if len(ended) == last and Ended.DONE not in ended.values():
            last += _SIDE_BY_SIDE
    _tell(family, ended)
    assert list(ended.values()).count(Ended.FAILED) >= _LEAST[family]


@pytest.mark.parametrize("family", OTHERS)
def test_pulled_out_in_its_write_and_put_in_again_it_is_written_by_the_next_attempt(
    bench: Bench, family: str
) -> None:
    alone = is_unnamed(FAMILIES[family])
    reports = _reports_of_a_write(bench, family)
    # one that is done and comes out has no clock any more, so that no code shows what it was written with
    points = _spread(reports // 2, _ONE_BY_ONE) if alone else _spread(reports, _SIDE_BY_SIDE)
    ended: dict[int, Ended] = {}
    width = 1 if alone else _CONSOLES if family == "flipper-totp" else _SIDE_BY_SIDE
    for begin in range(0, len(points), width):
        ended |= CutWrites(bench, family, points[begin : begin + width]).run()
    _tell(family, ended)
    # it may need fewer reports than the first one did
    assert list(ended.values()).count(Ended.FAILED) > len(points) / 2


def _reports_of_a_write(bench: Bench, family: str) -> int:
    """Of one that nobody disturbs, and of the look behind it as far as that has come."""
    device = bench.new(family)
    bench.stock(device)
    before = bench.crossed(device)
    bench.issue(device)
    until(lambda: bench.is_written(device), "it is written")
    reports = bench.crossed(device) - before
    bench.prove(device)
    bench.clear()
    return reports


def _spread(reports: int, wanted: int) -> list[int]:
    """Numbers of reports from the first to the last: so many of them at most."""
    return sorted({1 + (reports - 1) * number // (wanted - 1) for number in range(wanted)})


def _tell(family: str, ended: dict[int, Ended]) -> None:
    failed = sorted(point for point, how in ended.items() if how is Ended.FAILED)
    tell(f"{family}: pulled out after {failed} reports of a write, and after it at {len(ended) - len(failed)}")
