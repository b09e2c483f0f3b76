"""Many devices written side by side, each cable pulled at a report of its own; then all are put in again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from typing import Final

from provisioning.rules.states import JobState
from tests.guest.inside.bench import Bench, OnDesk, is_unnamed
from tests.guest.inside.counter import Attempt, until
from tests.rig.usb.trouble import TroubleKind

_LOOK_S: Final = 0.2
_SAME_PLACE: Final = ("flipper-totp", "onlykey", "yubikey-5")
"""Serial ports, and keys that are keyboards, too: each may be where it was before."""
_OVER: Final = (JobState.WRITTEN, JobState.PROVED)


class Ended(Enum):
    """How the write ended in which the cable came out at a report."""

    FAILED = auto()
    DONE = auto()
    """All had been said by then, and that is shown to be true."""
    NOT_BEGUN = auto()
    """The station only looked at the device just then."""


class CutWrites:
    """One round at the bench: from new devices to their customers' first codes."""

    def __init__(self, bench: Bench, family: str, points: Sequence[int]) -> None:
        """`points`: for each device, after how many reports of its write its cable comes out."""
        self._bench = bench
        self._points = {bench.new(family): point for point in points}
        self._devices = list(self._points)
        self._moved: list[OnDesk] = []

    def run(self) -> dict[int, Ended]:
        """By the point. All that must hold is asserted on the way."""
        self._stock()
        before = self._paths()
        with _held(path for path in before.values() if path.startswith("/dev/hidraw")):
            for device, point in self._points.items():
                self._bench.trouble(device, TroubleKind.CUT, point)
                self._bench.issue(device)
            ended = self._ended()
            self._replug()
            self._wait_until_over()
        self._check_places(before)
        self._serve()
        self._bench.clear()
        return ended

    def _stock(self) -> None:
        counter, wanted = self._bench.counter, len(self._devices)
        until(lambda: len(counter.devices()) == wanted, f"all are seen: {counter.devices()}", every_s=_LOOK_S)
        for device in self._devices:
            self._bench.stock(device)

    def _ended(self) -> dict[int, Ended]:
        """Once all are out and the station has told how their writes ended, or all had been said before."""

        def settled(device: OnDesk, newest: Attempt) -> bool:
            assert newest.state is not JobState.FAILED, f"no attempt is left: {self._bench.counter.log()}"
            if newest.state is JobState.QUEUED:
                return not self._bench.is_plugged(device)
            return newest.state in _OVER

        def all_settled() -> bool:
            return all(settled(device, attempts[0]) for device, attempts in self._attempts())

        until(all_settled, "they come out", every_s=_LOOK_S)
        self._bench.counter.check_books()
        return {self._points[device]: _how(attempts) for device, attempts in self._attempts()}

    def _replug(self) -> None:
        """Those that are out, in another order than before; whose write was done first stays in from now on."""
        for device in self._devices:
            self._bench.trouble(device, TroubleKind.NONE, 0)
        self._moved = [device for device in self._devices if not self._bench.is_plugged(device)]
        for device in self._moved:
            self._bench.unplug(device)
        for device in reversed(self._moved):
            self._bench.plug(device)

    def _wait_until_over(self) -> None:
        counter = self._bench.counter

        def over() -> bool:
            return all(attempts[0].state in _OVER for _, attempts in self._attempts())

        until(over, f"all are written: {counter.log()}", every_s=_LOOK_S)
        until(lambda: len(counter.devices()) == len(self._devices), "all are seen", every_s=_LOOK_S)

    def _check_places(self, before: Mapping[OnDesk, str]) -> None:
        """Whatever was out is at another place than before, save where numbers are given anew at once."""
        moved = [
            device
            for device in self._moved
            if device.family.profile not in _SAME_PLACE and not before[device].startswith("/dev/tty")
        ]

        def all_elsewhere() -> bool:
            now = self._paths()
            return all(now[device] not in ("", before[device]) for device in moved)

        # the station may have reported last when one that needs no other attempt was still at its old place
        until(all_elsewhere, "what was put in again is at another place", every_s=_LOOK_S)

    def _serve(self) -> None:
        """Proved, and good for its own customer: what is done holds the seed that the bank has for it."""
        counter = self._bench.counter
        for device in self._devices:
            self._bench.prove(device)
        counter.check_books()
        for device, attempts in self._attempts():
            customer = attempts[0].user_id
            assert customer
            assert counter.activate(customer, self._bench.display(device)) == "accepted"

    def _attempts(self) -> Iterator[tuple[OnDesk, list[Attempt]]]:
        serials = [device.serial for device in self._devices]
        return zip(self._devices, self._bench.counter.attempts(*serials), strict=True)

    def _paths(self) -> dict[OnDesk, str]:
        places = {one["serial"]: str(one["path"]) for one in self._bench.counter.devices()}
        return {
            device: places.get("" if is_unnamed(device.family) else device.serial, "") for device in self._devices
        }


def _how(attempts: Sequence[Attempt]) -> Ended:
    """From what the station has told before the device is put in again."""
    failed = [one for one in attempts if one.state is JobState.FAILED]
    assert all(one.failure for one in failed)
    if attempts[0].state in _OVER:
        return Ended.DONE
    return Ended.FAILED if failed else Ended.NOT_BEGUN


@contextmanager
def _held(paths: Iterable[str]) -> Iterator[None]:
    """The kernel does not give a node's number away while somebody has the node open."""
    nodes = [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in paths]
    try:
        yield
    finally:
        for node in nodes:
            os.close(node)
