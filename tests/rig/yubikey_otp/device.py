"""The emulated YubiKey as its keyboard interface shows it: feature reports of 8 bytes, and what it types."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.rig.at_work import AtWork
from tests.rig.usb.plan import Stalled
from tests.rig.yubikey_otp.application import PAYLOAD_BYTES, Application, Command, Firmware, Refused
from tests.rig.yubikey_otp.checksum import checksum
from tests.rig.yubikey_otp.keyboard import strokes
from tests.rig.yubikey_otp.record import truncated

REPORT_BYTES: Final = 8
TOUCH_S: Final = 15.0
_DATA_BYTES: Final = 7
_REPORTS: Final = 10
_FRAME_BYTES: Final = 70
_WRITE: Final = 0x80
_ANSWER: Final = 0x40
_TOUCH: Final = 0x20
_STARTING: Final = 0x9F
_STARTING_READS: Final = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the key takes, in seconds: to take a report, to write its memory, to swap its slots, to reckon."""

    report_s: float = 0.0
    write_s: float = 0.0
    swap_s: float = 0.0
    answer_s: float = 0.0


AT_ONCE: Final = Pace()
REAL: Final = Pace(report_s=0.002, write_s=0.03, swap_s=0.92, answer_s=0.02)
"""The time of a swap was seen; the others are what a key may well take."""
_WRITES: Final = {Command.CONFIGURE_1, Command.CONFIGURE_2, Command.UPDATE_1, Command.UPDATE_2}


class EmulatedYubiKey:
    """One key (FeatureGadget, and ReportGadget as far as it types). Safe between threads.

    `touch_after_s`: a finger comes by itself so long after the key began to wait. `reclaim_refusals`: so many
    commands are refused first, as after another interface of the key was in use.
    """

    def __init__(
        self,
        serial: int = 8_675_309,
        firmware: Firmware = (5, 4, 3),
        *,
        pace: Pace = AT_ONCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.application = Application(firmware, serial)
        self.pace = pace
        self.touch_after_s: float | None = None
        self.touch_wait_s = TOUCH_S
        self.reclaim_refusals = 0
        self._clock = clock
        self._work = AtWork(clock)
        self._lock = threading.RLock()
        self._frame: bytearray | None = None
        self._answer: list[bytes] | None = None
        self._waiting: tuple[int, bytes, float] | None = None
        self._strokes: list[bytes] = []
        self.lose_power()

    @property
    def serial(self) -> str:
        """As printed on the case: decimal."""
        return str(self.application.serial)

    def held(self, slot: int) -> bytes | None:
        """The OATH secret in a slot."""
        record = self.application.slots.get(slot)
        return record.secret if record else None

    def companion_code(self, slot: int, unix_time: float, period_s: int = 60, digits: int = 8) -> str:
        """What a companion program makes of the key's answer; empty if there is none (no touch is asked for)."""
        record = self.application.slots.get(slot)
        if record is None or not record.answers_challenges:
            return ""
        block = (int(unix_time) // period_s).to_bytes(8, "big").ljust(64, b"\0")
        return truncated(record.response(block), digits)

    def take_time(self) -> None:
        """From now on it is at work as long as a real one."""
        self.pace = REAL

    def worked_s(self) -> float:
        """How long it has been at work so far."""
        return self._work.total_s

    def lose_power(self) -> None:
        """Unplugged: half a frame, an answer and a wait are gone."""
        with self._lock:
            self._forget()
            self._strokes.clear()
            self._work.stop()
            self._last_index = 0
            self._starting: int = _STARTING_READS if self.application.caches else 0

    def touch(self, slot: int = 1) -> str:
        """A finger: it lets a waiting command go on, otherwise the key types; `slot` 2 is a long touch."""
        with self._lock:
            if self._waiting is None:
                text = self.application.press(slot)
                self._strokes += strokes(text)
                return text
            command, payload, _since = self._waiting
            self._waiting = None
            self._do(command, payload)
            return ""

    def set_feature(self, data: bytes) -> None:
        """SET_REPORT: seven bytes of a frame and their number; while the last are not taken, more are lost."""
        if len(data) != REPORT_BYTES:
            raise Stalled
        with self._lock:
            if self._work.busy or not data[7] & _WRITE:
                return
            self._take(data[7] & ~_WRITE & 0x1F, data[:_DATA_BYTES])

    def get_feature(self) -> bytes:
        """GET_REPORT: the status, or the next part of an answer."""
        with self._lock:
            if self._starting:
                self._starting -= 1
                return self._status(_STARTING)
            if self._work.busy:
                return self._status(_WRITE | self._last_index)
            self._feel()
            if self._waiting is not None:
                return self._status(_TOUCH | self._seconds_left(self._waiting[2]))
            if self._answer is not None:
                return self._next_part()
            return self._status(0)

    def take_report(self, data: bytes) -> None:
        """An output report: the keyboard's lamps, of which it has none."""

    def next_report(self) -> bytes | None:
        """The next input report of the keyboard."""
        with self._lock:
            return self._strokes.pop(0) if self._strokes else None

    def _forget(self) -> None:
        self._frame = self._answer = self._waiting = None

    def _status(self, last: int) -> bytes:
        return self.application.status() + bytes([last])

    def _take(self, index: int, data: bytes) -> None:
        if index >= _REPORTS:
            self._forget()
            return
        if index == 0:
            self._forget()
            self._frame = bytearray(_FRAME_BYTES)
        elif self._frame is None or index <= self._last_index:
            self._frame = None
            return
        self._last_index = index
        self._frame[index * _DATA_BYTES : (index + 1) * _DATA_BYTES] = data
        self._work.begin(self.pace.report_s)
        if index == _REPORTS - 1:
            frame, self._frame = bytes(self._frame), None
            self._receive(frame)

    def _receive(self, frame: bytes) -> None:
        payload, command = frame[:PAYLOAD_BYTES], frame[PAYLOAD_BYTES]
        if checksum(payload) != int.from_bytes(frame[65:67], "little"):
            return
        if self.application.waits_for_touch(command):
            self._waiting = (command, payload, self._clock())
        else:
            self._do(command, payload)

    def _do(self, command: int, payload: bytes) -> None:
        self._work.begin(self._takes_s(command))
        if self.reclaim_refusals:
            self.reclaim_refusals -= 1
            return
        try:
            answer = self.application.run(command, payload)
        except Refused:
            return
        if answer is not None:
            parts = [answer[at : at + _DATA_BYTES] for at in range(0, len(answer), _DATA_BYTES)]
            self._answer = [part.ljust(_DATA_BYTES, b"\0") + bytes([_ANSWER | n]) for n, part in enumerate(parts)]

    def _takes_s(self, command: int) -> float:
        if command == Command.SWAP:
            return self.pace.swap_s
        return self.pace.write_s if command in _WRITES else self.pace.answer_s

    def _next_part(self) -> bytes:
        """The parts, then number 0 again for the end until the host resets."""
        if self._answer:
            return self._answer.pop(0)
        return bytes(_DATA_BYTES) + bytes([_ANSWER])

    def _feel(self) -> None:
        """Whether a finger came, or the wait is over."""
        if self._waiting is None:
            return
        waited_s = self._clock() - self._waiting[2]
        if self.touch_after_s is not None and waited_s >= self.touch_after_s:
            self.touch()
        elif waited_s >= self.touch_wait_s:
            self._waiting = None

    def _seconds_left(self, since: float) -> int:
        return min(0x1F, max(0, math.ceil(since + self.touch_wait_s - self._clock())))
