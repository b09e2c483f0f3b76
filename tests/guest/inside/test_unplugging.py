"""A cable is pulled in a write, before a real station agent and a real server, and put in again.

At every report of the open fob's, in both its sockets. Of the other families test_silence.py does it to the
station's code alone.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.guest.inside.bench import Bench
from tests.guest.inside.cuts import CutWrites, Ended
from tests.guest.inside.figures import tell

_SIDE_BY_SIDE: Final = 14
_LEAST: Final = {"kagiya-fob": 22, "kagiya-cradle": 18}
"""So many reports has a write at least."""


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


def _tell(family: str, ended: dict[int, Ended]) -> None:
    failed = sorted(point for point, how in ended.items() if how is Ended.FAILED)
    tell(f"{family}: pulled out after {failed} reports of a write, and after it at {len(ended) - len(failed)}")
