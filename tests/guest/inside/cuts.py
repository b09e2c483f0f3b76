"""Many devices written side by side, each cable pulled at a report of its own; then all are put in again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from typing import Final

from provisioning.jobs.end_attempt import MAX_ATTEMPTS
from provisioning.rules.states import JobState
from tests.guest.inside.bench import Bench, OnDesk, is_unnamed
from tests.guest.inside.counter import Attempt, until
from tests.rig.usb.trouble import TroubleKind

TURNS: Final = MAX_ATTEMPTS - 1
"""So often a cable comes out: the last attempt is left alone."""
_LOOK_S: Final = 0.2
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

    def __init__(self, bench: Bench, family: str, points: Sequence[Sequence[int]]) -> None:
        """`points`: for each device, after how many reports of its writes its cable comes out, TURNS at most."""
        self._bench = bench
        # each hub looks after its own devices, one after another
        self._points = {bench.new(family, hub=hub): mine for hub, mine in enumerate(points)}
        self._devices = list(self._points)
        self._failed = dict.fromkeys(self._devices, 0)
        self._moved: set[OnDesk] = set()
        self._ended: dict[int, Ended] = {}

    def run(self) -> dict[int, Ended]:
        """By the point. All that must hold is asserted on the way."""
        self._stock()
        before = self._paths()
        with _held(path for path in before.values() if path.startswith("/dev/hidraw")):
            self._write_and_cut()
            self._replug(self._out())
            self._wait_until_over()
        self._check_places(before)
        self._serve()
        self._bench.clear()
        return self._ended

    def _write_and_cut(self) -> None:
        looks = {device: self._bench.crossed(device) for device in self._devices}
        for device, (point, *_) in self._points.items():
            self._bench.trouble(device, TroubleKind.CUT, point)
            self._bench.issue(device)
        self._wait_until_out(0, self._devices)
        for turn in range(1, TURNS):
            # whose write was done has nothing more to be cut in
            again = [device for device in self._out() if self._has_turn(device, turn)]
            self._replug(again)
            for device in again:
                # it is looked at first
                self._bench.trouble(device, TroubleKind.CUT, looks[device] + self._points[device][turn])
            self._wait_until_out(turn, again)

    def _has_turn(self, device: OnDesk, turn: int) -> bool:
        points = self._points[device]
        return turn < len(points) and self._ended.get(points[turn - 1]) is not Ended.DONE

    def _stock(self) -> None:
        counter, wanted = self._bench.counter, len(self._devices)
        until(lambda: len(counter.devices()) == wanted, f"all are seen: {counter.devices()}", every_s=_LOOK_S)
        for device in self._devices:
            self._bench.stock(device)

    def _wait_until_out(self, turn: int, cut: Sequence[OnDesk]) -> None:
        """Until the station has told how the writes ended, or all had been said before."""

        def settled(device: OnDesk, newest: Attempt) -> bool:
            assert newest.state is not JobState.FAILED, f"no attempt is left: {self._bench.counter.log()}"
            if newest.state is JobState.QUEUED:
                return not self._bench.is_plugged(device)
            return newest.state in _OVER

        def all_settled() -> bool:
            return all(settled(device, attempts[0]) for device, attempts in self._attempts())

        until(all_settled, "they come out", every_s=_LOOK_S)
        self._bench.counter.check_books()
        for device, attempts in self._attempts():
            failed = [one for one in attempts if one.state is JobState.FAILED]
            assert all(one.failure for one in failed)
            if device in cut:
                self._note(self._points[device][turn], attempts[0], len(failed) - self._failed[device])
            self._failed[device] = len(failed)

    def _note(self, point: int, newest: Attempt, failed: int) -> None:
        if newest.state in _OVER:
            self._ended[point] = Ended.DONE
        else:
            self._ended[point] = Ended.FAILED if failed else Ended.NOT_BEGUN

    def _out(self) -> list[OnDesk]:
        """Whose cable came out; whose write was done first keeps it in from now on."""
        for device in self._devices:
            self._bench.trouble(device, TroubleKind.NONE)
        return [device for device in self._devices if not self._bench.is_plugged(device)]

    def _replug(self, devices: Sequence[OnDesk]) -> None:
        """In another order than before."""
        for device in devices:
            self._bench.unplug(device)
        for device in reversed(devices):
            self._bench.plug(device)
        self._moved.update(devices)

    def _wait_until_over(self) -> None:
        counter = self._bench.counter

        def over() -> bool:
            return all(attempts[0].state in _OVER for _, attempts in self._attempts())

        until(over, f"all are written: {counter.log()}", every_s=_LOOK_S)
        until(lambda: len(counter.devices()) == len(self._devices), "all are seen", every_s=_LOOK_S)

    def _check_places(self, before: Mapping[OnDesk, str]) -> None:
        """Whatever was out is at another place than before, save a serial port, whose number nobody can hold."""

        def all_elsewhere() -> bool:
            now = self._paths()
            return all(now[device] not in ("", before[device]) for device in self._moved)

        if not any(path.startswith("/dev/tty") for path in before.values()):
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


@contextmanager
def _held(paths: Iterable[str]) -> Iterator[None]:
    """The kernel does not give a node's number away while somebody has the node open."""
    nodes = [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in paths]
    try:
        yield
    finally:
        for node in nodes:
            os.close(node)
