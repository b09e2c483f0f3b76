"""A HID device with input and output reports, in process: devices' ReportLink here, a gadget there."""

from __future__ import annotations

import threading
import time
from typing import Final

from devices.errors import LinkLost, LinkTimeout
from devices.links import AttachedDevice
from tests.rig.usb.plan import HidInterface, ReportGadget, Stalled, UsbPlan
from tests.rig.wire.hid_socket import HidSocket
from tests.rig.wire.visits import Visits

_LOOK_AGAIN_S: Final = 0.001


class ReportPort(HidSocket["HidReports"]):
    """One USB socket with one device. `paced`: reports wait for the interface's polling interval.

    `opened` lists the interfaces that somebody opened, ever.
    """

    def __init__(self, plan: UsbPlan, *, paced: bool = False, plugged: bool = True) -> None:
        self.opened: list[int] = []
        super().__init__(plan, f"{id(self):x}", paced=paced, plugged=plugged)

    def _connect(self, device: AttachedDevice) -> HidReports:
        interface = self._interface(device)
        self.opened.append(interface.number)
        return HidReports(self, device.path, interface)


class HidReports:
    """devices' ReportLink to a gadget. For one thread, as a real one. An interface without one is silent."""

    def __init__(self, port: ReportPort, path: str, interface: HidInterface) -> None:
        self._port = port
        self._path = path
        self._size = interface.report_bytes
        self._gadget = _report_gadget(interface)
        self._visits = Visits(interface.interval_ms / 1000 if port.paced else 0.0)
        self._reports = 0
        self._gone = threading.Event()

    @property
    def path(self) -> str:
        """The node's name."""
        return self._path

    @property
    def report_size(self) -> int:
        """Bytes in every report."""
        return self._size

    def send(self, report: bytes) -> None:
        """One output report; the device has done what it says when it returns. Raises LinkLost."""
        if len(report) != self._size:
            raise LinkLost(self._path)
        self._await_visit()
        if self._gadget is not None:
            try:
                self._gadget.take_report(report)
            except Stalled:
                raise LinkLost(self._path) from None
        self._crossed()

    def receive(self, timeout_s: float) -> bytes:
        """The next input report. Raises LinkTimeout, LinkLost."""
        until_s = time.monotonic() + timeout_s
        while True:
            self._await_visit()
            report = None if self._gadget is None else self._gadget.next_report()
            if report is not None:
                self._crossed()
                return report
            if time.monotonic() >= until_s:
                raise LinkTimeout(self._path, waited_s=timeout_s)
            self._wait(_LOOK_AGAIN_S)

    def close(self) -> None:
        """Give the node back."""
        self._gone.set()
        self._port.closed(self)

    def lose(self) -> None:
        """The device is out."""
        self._gone.set()

    def _await_visit(self) -> None:
        self._wait(self._visits.next_s() - time.monotonic())

    def _wait(self, seconds: float) -> None:
        if self._gone.wait(max(0.0, seconds)):
            raise LinkLost(self._path)

    def _crossed(self) -> None:
        self._reports += 1
        self._port.report_crossed(self._reports)


def _report_gadget(interface: HidInterface) -> ReportGadget | None:
    gadget = interface.gadget
    if gadget is None or not hasattr(gadget, "take_report"):
        return None
    return gadget  # type: ignore[return-value]
