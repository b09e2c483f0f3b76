"""Keeps the list of attached devices: each is looked at once when it appears and forgotten when it goes.

What stands in a cradle can be changed without the port going away, and what was in the way can be mended: cradles
and devices with a problem are looked at again every few seconds. A device that a job works on is left alone.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Final

from devices.attach import Desk, Sighting, look, mark_doubles, open_named, scan
from devices.contract import DeviceSeen, FailureCode, Problem
from devices.driver import AccessCode, Clock, OnProgress, OnWait, TokenDriver, ignore_progress, ignore_wait
from devices.errors import DeviceBusy, DeviceNotFound, NotAlone
from devices.links import AttachedDevice, Transport
from devices.profiles import FirmwareProfile, SerialSource

log = logging.getLogger(__name__)
LOOK_AGAIN_S: Final = 2.0
_PATIENCE_S: Final = 0.5
_LOCK_PATIENCE_S: Final = 6.0
"""Longer than a look takes that goes well, at the slowest of devices."""
_LOOKERS: Final = 8


@dataclass
class _Place:
    """A node and what is there. `looking` is under way, `seen` is the last look's answer, at `looked_at`."""

    sighting: Sighting
    seen: DeviceSeen | None = None
    looked_at: float = 0.0
    looking: Future[DeviceSeen] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_news(self) -> bool:
        """Never looked at, or written since."""
        return self.seen is None or self.looked_at == 0.0


_Found = tuple[list[_Place], list[Future[DeviceSeen]]]
"""Every place, and the looks at those that are news."""


class DeviceWatch:
    """Used by one thread for refresh and by many for `opened`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._places: dict[AttachedDevice, _Place] = {}
        self._guard = threading.Lock()
        self._scanning = threading.Lock()
        self._scanned_at = -math.inf
        self._found: _Found = ([], [])
        self._lookers = ThreadPoolExecutor(_LOOKERS, thread_name_prefix="look")

    def close(self) -> None:
        """Wait for looks that are under way."""
        self._lookers.shutdown()

    def refresh(self, asked_at: float | None = None) -> tuple[DeviceSeen, ...]:
        """Look at what is new and tell everything that is known, waiting half a second for news at most.

        What is told was attached after `asked_at` (monotonic), or else after now.
        """
        places, under_way = self._look_around(monotonic() if asked_at is None else asked_at)
        wait(under_way, timeout=_PATIENCE_S)
        with self._guard:
            for place in places:
                self._take_look(place)
            return mark_doubles(place.seen for place in places if place.seen is not None)

    @contextmanager
    def opened(
        self,
        profile: str,
        serial: str,
        clock: Clock,
        on_progress: OnProgress = ignore_progress,
        *,
        on_wait: OnWait = ignore_wait,
        access: AccessCode | None = None,
        generation: int | None = None,
        asked_at: float | None = None,
    ) -> Iterator[TokenDriver]:
        """Exactly the device named, open and identified; it is looked at anew afterwards. `clock` sets its clock.

        It is looked for among what was attached after `asked_at`. A device whose serial number is only on its
        label is the one attached device of its profile.

        Raises UnknownDevice, DeviceNotFound, NotAlone, DeviceBusy, and what `attach.open_named` raises.
        """
        known = self._desk.profile(profile)
        place = self._find(known, serial, asked_at)
        if not place.lock.acquire(timeout=_LOCK_PATIENCE_S):
            raise DeviceBusy(place.sighting.device.path)
        is_done = False
        try:
            desk = replace(self._desk, clock=clock)
            driver = open_named(
                desk, place.sighting, known, serial, on_progress,
                on_wait=on_wait, access=access, generation=generation,
            )  # fmt: skip
            try:
                yield driver
            finally:
                driver.close()
            is_done = True
        finally:
            self._look_anew(place, is_done=is_done)
            place.lock.release()

    def _look_anew(self, place: _Place, *, is_done: bool) -> None:
        """A look that ended before this is not taken any more: it tells of the device before it was written."""
        with self._guard:
            if place.looking is not None and place.looking.done():
                place.looking = None
            place.looked_at = 0.0
            if not is_done:
                # believed no more at all: a mute device must not get the next job too
                place.seen = None

    def _look_around(self, asked_at: float) -> _Found:
        """What a scan found that began after `asked_at`: whoever asked before it began shares it.

        The more devices there are, the longer a scan takes, and the more jobs begin at the same time.
        """
        with self._scanning:
            if self._scanned_at <= asked_at:
                begun_at = monotonic()
                self._found = self._places_of(scan(self._desk))
                self._scanned_at = begun_at
            return self._found

    def _places_of(self, sightings: tuple[Sighting, ...]) -> _Found:
        with self._guard:
            places = self._update(sightings)
            for place in places:
                self._start_look(place)
            # what was just written tells another generation now: nothing is to be begun on the old one's word
            return places, [place.looking for place in places if place.looking and place.is_news]

    def _update(self, sightings: tuple[Sighting, ...]) -> list[_Place]:
        """The places of now; those that went are forgotten with everything known about them."""
        self._places = {
            sighting.device: self._places.get(sighting.device) or _Place(sighting) for sighting in sightings
        }
        return list(self._places.values())

    def _start_look(self, place: _Place) -> None:
        if place.looking is None and not place.lock.locked() and self._is_due(place):
            place.looking = self._lookers.submit(self._look, place)

    def _is_due(self, place: _Place) -> bool:
        if place.seen is None or place.is_news:
            return True
        changeable = place.sighting.device.transport is Transport.SERIAL or place.seen.problem is not None
        return changeable and monotonic() - place.looked_at >= LOOK_AGAIN_S

    def _look(self, place: _Place) -> DeviceSeen:
        device = place.sighting.device
        try:
            with place.lock:
                return look(self._desk, place.sighting, place.seen)
        except Exception as error:  # the edge of a thread: one odd device must not hide the others
            log.exception("look at %s", device.path)
            problem = Problem(FailureCode.BAD_ANSWER, {"error": type(error).__name__})
            return DeviceSeen(device.path, device.transport, problem=problem)

    def _take_look(self, place: _Place) -> None:
        if place.looking is not None and place.looking.done():
            place.seen, place.looked_at, place.looking = place.looking.result(), monotonic(), None

    def _find(self, profile: FirmwareProfile, serial: str, asked_at: float | None) -> _Place:
        self.refresh(asked_at)
        is_told = profile.use.serial is not SerialSource.LABEL
        name = (profile.name, serial if is_told else "")
        with self._guard:
            places = list(self._places.values())
        right = [
            place for place in places if place.seen is not None and (place.seen.profile, place.seen.serial) == name
        ]
        doubtful = [] if is_told else [place for place in places if _may_be(place, profile)]
        if not right:
            raise DeviceNotFound(serial, profile.name)
        if len(right) + len(doubtful) > 1:
            raise NotAlone(serial, len(right) + len(doubtful))
        return right[0]


def _may_be(place: _Place, profile: FirmwareProfile) -> bool:
    """Whether it fits the profile on the bus and has not said yet what it is."""
    return profile in place.sighting.profiles and (place.seen is None or not place.seen.profile)
