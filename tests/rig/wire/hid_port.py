"""A fob behind USB HID, in process: devices' ReportLink on one side, the emulated fob on the other."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from devices.errors import LinkLost, LinkTimeout
from devices.links import AttachedDevice, Transport
from tests.rig.fob.device import EmulatedFob
from tests.rig.wire import UnreadableFrame
from tests.rig.wire.hid_frames import REPORT_BYTES, HidReader, hid_reports
from tests.rig.wire.line import Line
from tests.rig.wire.socket import Socket
from tests.rig.wire.visits import Visits

POLLING_INTERVAL_S: Final = 0.008
"""bInterval of both endpoints (§2)."""
VENDOR_ID: Final = 0x1209
PRODUCT_ID: Final = 0x0001
_STRAY_REPORT: Final = bytes([5]) + bytes(range(63))
"""A next report that nothing waits for."""


class HidPort(Socket["HidLink"]):
    """One USB socket with one fob. `interval_s` is 0 to let reports cross at once."""

    def __init__(self, fob: EmulatedFob, *, interval_s: float = POLLING_INTERVAL_S, plugged: bool = True) -> None:
        self.fob = fob
        self.interval_s = interval_s
        super().__init__(plugged=plugged)

    @property
    def transport(self) -> Transport:
        """HID."""
        return Transport.HID

    def _shows(self, times_plugged: int) -> Iterable[AttachedDevice]:
        yield AttachedDevice(
            path=f"rig-hid/{self.fob.serial}/{times_plugged}",
            transport=Transport.HID,
            vendor_id=VENDOR_ID,
            product_id=PRODUCT_ID,
            interface=0,
            usage_page=0xFF4B,
            usage=1,
            product=f"Kagiya fob {self.fob.parts.case.model}",
            bus_serial=self.fob.serial,
        )

    def _connect(self, device: AttachedDevice) -> HidLink:
        return HidLink(self, device.path)

    def _lose_host(self) -> None:
        self.fob.lose_host()


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An input report and when the host controller fetches it."""

    report: bytes
    due_s: float


class HidLink:
    """devices' ReportLink to an emulated fob. For one thread, as a real one."""

    def __init__(self, port: HidPort, path: str) -> None:
        self._port = port
        self._path = path
        self._line = Line(port.fob, port.unplug, port.report_crossed)
        self._reader = HidReader()
        self._input: deque[_Waiting] = deque()
        self._visits = Visits(port.interval_s)
        self._gone = threading.Event()

    @property
    def path(self) -> str:
        """The node's name."""
        return self._path

    @property
    def report_size(self) -> int:
        """64 bytes."""
        return REPORT_BYTES

    def close(self) -> None:
        """Give the node back."""
        self._gone.set()
        self._port.closed(self)

    def lose(self) -> None:
        """The device is out."""
        self._gone.set()

    def send(self, report: bytes) -> None:
        """One output report; returns when the host controller has delivered it. Raises LinkLost."""
        if len(report) != REPORT_BYTES:
            raise LinkLost(self._path)
        self._wait_until(self._visits.next_s())
        if not self._line.silent:
            self._deliver(report)
        self._line.crossed()

    def receive(self, timeout_s: float) -> bytes:
        """The next input report. Raises LinkTimeout, LinkLost."""
        until_s = time.monotonic() + timeout_s
        waits = self._input and not self._line.silent
        due_s = self._input[0].due_s if waits else float("inf")
        self._wait_until(min(due_s, until_s))
        if due_s > until_s:
            raise LinkTimeout(self._path, timeout_s)
        report = self._input.popleft().report
        self._line.crossed()
        return report

    def _deliver(self, report: bytes) -> None:
        try:
            message = self._reader.take(report, time.monotonic())
        except UnreadableFrame:
            self._queue(self._line.answer(None))
            return
        if message is not None:
            self._queue(self._line.answer(message))

    def _queue(self, answer: bytes) -> None:
        reports = [_STRAY_REPORT] if self._line.adds_stray() else []
        reports += hid_reports(answer, spoil_crc=self._line.spoils_crc())
        self._input += [_Waiting(report, self._visits.next_s()) for report in reports]

    def _wait_until(self, instant_s: float) -> None:
        if self._gone.wait(max(0.0, instant_s - time.monotonic())):
            raise LinkLost(self._path)
