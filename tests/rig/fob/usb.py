"""A kagiya fob on the USB: by itself as HID (§2), or in its serial cradle (§3)."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Final

from tests.rig.fob.device import FRAME_REFUSAL, EmulatedFob
from tests.rig.usb.plan import AcmInterface, HidInterface, UsbPlan
from tests.rig.wire import UnreadableFrame
from tests.rig.wire.hid_frames import HidReader, hid_reports
from tests.rig.wire.serial_frames import SerialReader, serial_frame

VENDOR_ID: Final = 0x1209
FOB_ID: Final = 0x0001
CRADLE_ID: Final = 0x0002
_INTERVAL_MS: Final = 8
_GAP_S: Final = 5.0
"""Not the protocol's tenth of a second: in the guest host and device share one processor, which may be busy."""
_REPORT_DESCRIPTOR: Final = bytes.fromhex("064BFF0901A101150026FF00750895400902810209039102C0")


class FobReports:
    """The fob behind its HID interface (ReportGadget)."""

    def __init__(self, fob: EmulatedFob) -> None:
        self._fob = fob
        self._reader = HidReader(_GAP_S)
        self._input: deque[bytes] = deque()

    def take_report(self, data: bytes) -> None:
        """64 bytes."""
        try:
            message = self._reader.take(data, time.monotonic())
        except UnreadableFrame:
            self._input += hid_reports(FRAME_REFUSAL)
            return
        if message is not None:
            self._input += hid_reports(self._fob.answer(message))

    def next_report(self) -> bytes | None:
        """64 bytes."""
        return self._input.popleft() if self._input else None

    def lose_power(self) -> None:
        """Out."""
        self._reader.forget()
        self._input.clear()
        self._fob.lose_host()


class FobInCradle:
    """The fob behind its cradle (ConsoleGadget)."""

    def __init__(self, fob: EmulatedFob) -> None:
        self._fob = fob
        self._reader = SerialReader()
        self._output = b""
        self._lock = threading.Lock()

    def set_dtr(self, *, raised: bool) -> None:
        """The control lines mean nothing."""

    def take_bytes(self, data: bytes) -> None:
        """Frames and whatever else."""
        for message in self._reader.take(data, time.monotonic()):
            answer = self._fob.answer(message) if isinstance(message, bytes) else FRAME_REFUSAL
            with self._lock:
                self._output += serial_frame(answer)

    def next_bytes(self, size: int) -> bytes:
        """What the fob answered."""
        with self._lock:
            data, self._output = self._output[:size], self._output[size:]
        return data

    def lose_power(self) -> None:
        """Out."""
        self._reader = SerialReader()
        self._output = b""
        self._fob.lose_host()


def usb_plan(fob: EmulatedFob) -> UsbPlan:
    """A fob with a plug of its own."""
    reports = FobReports(fob)
    interface = HidInterface(0, _REPORT_DESCRIPTOR, _INTERVAL_MS, reports, only_answers=True)
    product = f"Kagiya fob {fob.parts.case.model}"
    return UsbPlan(
        VENDOR_ID, FOB_ID, 0x0100, "Kagiya", product, fob.serial, (interface,), lose_power=reports.lose_power
    )


def cradle_plan(fob: EmulatedFob) -> UsbPlan:
    """A cradle; the serial number on the bus is the cradle's own."""
    console = FobInCradle(fob)
    name = f"CR-{fob.serial}"
    return UsbPlan(
        VENDOR_ID,
        CRADLE_ID,
        0x0100,
        "Kagiya",
        "Kagiya cradle",
        name,
        (AcmInterface(0, console, only_answers=True),),
        lose_power=console.lose_power,
    )
