"""Every family written as a station writes it, and by its maker's program, on devices that take their time.

The guest's clock counts its processor's instructions: what else the machine does changes nothing here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from tests.bench.program import (
    AT_ONCE,
    LEAST_TIMES_ONE,
    MANY_OF,
    MOST_OF_NEEDED,
    Written,
    result,
)
from tests.guest.inside.programs.conftest import service
from tests.guest.inside.programs.preloaded import Preloaded
from tests.guest.inside.timed.conftest import keep, wide_awake
from tests.guest.inside.timed.shop import Shop
from tests.rig.usb.families import FAMILIES

_MOST_ROUNDS: Final = 5
_THEIRS: Final = "tests.guest.inside.timed.theirs"


@dataclass(frozen=True)
class Theirs:
    """`needs`: what it loads before its time runs. `beside`: what must run meanwhile."""

    program: str
    entry: str
    needs: tuple[str, ...]
    path: tuple[Path, ...] = ()
    beside: Callable[[], AbstractContextManager[None]] = nullcontext


PROGRAMS: Final = {
    "yubikey-5": Theirs("yubikit", "yubikey", ("ykman.hid", "yubikit.yubiotp")),
    "nitrokey-pro": Theirs("libnitrokey", "nitrokey", ()),
    # not hidapi: it knows from its loading on what is plugged in
    "onlykey": Theirs(
        "onlykey-cli", "onlykey", ("aenum", "prompt_toolkit"), (Path("/opt/python/vendors/onlykey"),)
    ),
    "ykoath": Theirs("ykman oath", "oath", ("ykman._cli.__main__",), beside=service),
}
"""The others have none that writes the same: the open fob has no other maker, nothing of the Molto-2's runs here,
and a Flipper Zero is written by hand through a terminal.
"""


@pytest.mark.parametrize("family", FAMILIES)
def test_wire_and_device_are_what_takes_the_time_and_no_program_of_the_makers_is_quicker(
    shop: Shop, family: str, rounds: int
) -> None:
    program = PROGRAMS.get(family)
    theirs_s = _theirs_s(shop, family, program, rounds) if program else math.inf

    def is_quick(one: Written) -> bool:
        return one.of_needed <= MOST_OF_NEEDED and one.seconds <= theirs_s

    best = result(family, 1, list(_rounds(lambda: shop.write(family), rounds, is_quick)))
    keep(replace(best, program=program.program, program_s=theirs_s) if program else best)
    assert best.of_needed <= MOST_OF_NEEDED
    assert best.seconds <= theirs_s


def test_sixteen_fobs_at_once_are_ten_times_one(shop: Shop, rounds: int) -> None:
    one = result(MANY_OF, 1, list(_rounds(lambda: shop.write(MANY_OF), rounds, _waits_for_nobody)))

    def is_quick(many: Written) -> bool:
        return AT_ONCE * one.seconds / many.seconds >= LEAST_TIMES_ONE

    many = _rounds(lambda: shop.write(MANY_OF, AT_ONCE), rounds, is_quick)
    sixteen = result(MANY_OF, AT_ONCE, list(many), one.seconds)
    keep(sixteen)
    assert sixteen.times_one is not None
    assert sixteen.times_one >= LEAST_TIMES_ONE


def _waits_for_nobody(one: Written) -> bool:
    return one.of_needed <= MOST_OF_NEEDED


def _rounds(write: Callable[[], Written], least: int, is_quick: Callable[[Written], bool]) -> Iterator[Written]:
    """At least so many, and more while none was quick: the disk is on another machine with another clock."""
    was_quick = False
    for number in range(1, max(least, _MOST_ROUNDS) + 1):
        one = write()
        yield one
        was_quick = was_quick or is_quick(one)
        if number >= least and was_quick:
            return


def _theirs_s(shop: Shop, family: str, theirs: Theirs, rounds: int) -> float:
    """The best of the rounds, the first of which warms up: no maker's program is to suffer from the disk."""
    taken = []
    with ExitStack() as running:
        with wide_awake():
            run = Preloaded(f"{_THEIRS}:{theirs.entry}", (_THEIRS, *theirs.needs), theirs.path)
            running.callback(run.close)
            running.enter_context(theirs.beside())
        running.enter_context(shop.plugged(family))
        for _ in range(1 + rounds):
            ran = run()
            assert ran.code == 0, ran.text
            taken.append(float(ran.out.splitlines()[-1]))
    return round(min(taken), 3)
