"""A cable is pulled in a write, before a real station agent and a real server, and put in again."""

from __future__ import annotations

from typing import Final

import pytest

from tests.guest.inside.bench import Bench, is_unnamed
from tests.guest.inside.cuts import TURNS, CutWrites, Ended
from tests.guest.inside.figures import tell
from tests.rig.usb.families import FAMILIES

_SIDE_BY_SIDE: Final = 14
_LEAST: Final = {
    "kagiya-fob": 22,
    "kagiya-cradle": 18,
    "yubikey-5": 30,
    "molto2": 35,
    "nitrokey-pro": 20,
    "flipper-totp": 20,
    "onlykey": 28,
    "ykoath": 20,
}
"""So many reports, or bulk transfers, has a write at least."""
_PORTS: Final = ("kagiya-cradle", "flipper-totp")
"""Serial ports are looked at every few seconds. What comes out in a look may be given a job all the same, which
takes one of its attempts: so it is cut once only.
"""


@pytest.mark.parametrize("family", _LEAST)
def test_pulled_out_at_every_report_of_its_writes_and_put_in_again_it_is_written_by_the_last_attempt(
    bench: Bench, family: str
) -> None:
    devices = 1 if is_unnamed(FAMILIES[family]) else _SIDE_BY_SIDE
    turns = 1 if family in _PORTS else TURNS
    ended: dict[int, Ended] = {}
    last = devices * turns
    while todo := [point for point in range(1, last + 1) if point not in ended]:
        todo = todo[: devices * turns]
        used = -(-len(todo) // turns)
        now = CutWrites(bench, family, [todo[device::used] for device in range(used)]).run()
        # what came out before its write has another turn
        ended |= {point: how for point, how in now.items() if how is not Ended.NOT_BEGUN}
        if len(ended) == last and Ended.DONE not in ended.values():
            last += devices * turns
    _tell(family, ended)
    assert list(ended.values()).count(Ended.FAILED) >= _LEAST[family]


def _tell(family: str, ended: dict[int, Ended]) -> None:
    failed = sorted(point for point, how in ended.items() if how is Ended.FAILED)
    tell(f"{family}: pulled out after {failed} reports of a write, and after it at {len(ended) - len(failed)}")
