"""A fob behind USB HID, in process: devices' ReportLink on one side, the emulated fob on the other."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Final

from devices.errors import DeviceBusy, LinkLost, LinkTimeout
from devices.links import AttachedDevice, Transport
from tests.rig.fob.device import EmulatedFob
from tests.rig.wire import UnreadableFrame
from tests.rig.wire.hid_frames import REPORT_BYTES, HidReader, hid_reports
from tests.rig.wire.line import Line, ReportHook
from tests.rig.wire.visits import Visits

POLLING_INTERVAL_S: Final = 0.008
"""bInterval of both endpoints (§2)."""
VENDOR_ID: Final = 0x1209
PRODUCT_ID: Final = 0x0001
_STRAY_REPORT: Final = bytes([5]) + bytes(range(63))
"""A next report that nothing waits for."""


class HidPort:
    """One USB socket with one fob, plugged or not. Safe between threads.

    `interval_s` is 0 to let reports cross at once. The path changes with every plugging, as hidraw numbers do.
    """

    def __init__(self, fob: EmulatedFob, *, interval_s: float = POLLING_INTERVAL_S, plugged: bool = True) -> None:
        self.fob = fob
        self.interval_s = interval_s
        self.on_report: ReportHook = lambda _number: None
        self._lock = threading.Lock()
        self._times_plugged = 0
        self._device: AttachedDevice | None = None
        self._link: HidLink | None = None
        if plugged:
            self.plug()

    @property
    def transport(self) -> Transport:
        """HID."""
        return Transport.HID

    @property
    def plugged(self) -> bool:
        """Whether the computer sees it."""
        return self._device is not None

    @property
    def attached(self) -> AttachedDevice | None:
        """What the bus tells of it, or None while it is out."""
        return self._device

    def plug(self) -> None:
        """Put it in; nothing happens if it is."""
        with self._lock:
            if self._device is None:
                self._times_plugged += 1
                self._device = AttachedDevice(
                    path=f"rig-hid/{self.fob.serial}/{self._times_plugged}",
                    transport=Transport.HID,
                    vendor_id=VENDOR_ID,
                    product_id=PRODUCT_ID,
                    interface=0,
                    usage_page=0xFF4B,
                    usage=1,
                    product=f"Kagiya fob {self.fob.parts.case.model}",
                    bus_serial=self.fob.serial,
                )

    def unplug(self) -> None:
        """Pull it out, whatever is going on."""
        with self._lock:
            self._device = None
            link, self._link = self._link, None
        if link is not None:
            link.lose()
        self.fob.lose_host()

    def open(self, device: AttachedDevice) -> HidLink:
        """Open it for one program alone. Raises LinkLost, DeviceBusy."""
        with self._lock:
            if self._device != device:
                raise LinkLost(device.path)
            if self._link is not None:
                raise DeviceBusy(device.path)
            self._link = HidLink(self, device.path)
        return self._link

    def report_crossed(self, number: int) -> None:
        """Tell whoever listens now."""
        self.on_report(number)

    def closed(self, link: HidLink) -> None:
        """The program gave it back; the fob does not notice."""
        with self._lock:
            if self._link is link:
                self._link = None


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
