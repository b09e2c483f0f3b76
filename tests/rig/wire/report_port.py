"""A HID device with input and output reports, in process: devices' ReportLink here, a gadget there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from devices.errors import DeviceBusy, LinkLost, LinkTimeout
from devices.links import AttachedDevice, Transport
from tests.rig.usb.plan import HidInterface, ReportGadget, Stalled, UsbPlan
from tests.rig.wire.hid_usages import top_usages
from tests.rig.wire.visits import Visits

_LOOK_AGAIN_S: Final = 0.001


class ReportPort:
    """One USB socket with one device, plugged or not; every HID interface of it shows. Safe between threads.

    `on_report` is called with the number of each report once it has crossed, both directions, since the link was
    opened. `paced`: reports wait for the interface's polling interval. Paths change with every plugging, as hidraw
    numbers do. `opened` lists the interfaces that somebody opened, ever.
    """

    def __init__(self, plan: UsbPlan, *, paced: bool = False, plugged: bool = True) -> None:
        self.plan = plan
        self.paced = paced
        self.on_report: Callable[[int], None] = lambda _number: None
        self.opened: list[int] = []
        self._lock = threading.Lock()
        self._times_plugged = 0
        self._shown: dict[AttachedDevice, HidInterface] = {}
        self._links: dict[int, HidReports] = {}
        if plugged:
            self.plug()

    @property
    def plugged(self) -> bool:
        """Whether the computer sees it."""
        return bool(self._shown)

    def attached(self) -> Sequence[AttachedDevice]:
        """One entry for each top collection of each HID interface, as hidapi lists them."""
        return tuple(self._shown)

    def plug(self) -> None:
        """Put it in; nothing happens if it is."""
        with self._lock:
            if not self._shown:
                self._times_plugged += 1
                hid = [part for part in self.plan.interfaces if isinstance(part, HidInterface)]
                self._shown = {
                    self._device(interface, page, usage): interface
                    for interface in hid
                    for page, usage in top_usages(interface.report_descriptor)
                }

    def unplug(self) -> None:
        """Pull it out, whatever is going on."""
        with self._lock:
            self._shown = {}
            links, self._links = list(self._links.values()), {}
        for link in links:
            link.lose()
        self.plan.lose_power()

    def open(self, device: AttachedDevice) -> HidReports:
        """Open the interface for one program alone. Raises LinkLost, DeviceBusy."""
        with self._lock:
            interface = self._shown.get(device)
            if interface is None:
                raise LinkLost(device.path)
            if interface.number in self._links:
                raise DeviceBusy(device.path)
            self.opened.append(interface.number)
            link = self._links[interface.number] = HidReports(self, device.path, interface)
        return link

    def closed(self, link: HidReports) -> None:
        """The program gave it back; the device does not notice."""
        with self._lock:
            self._links = {number: open_ for number, open_ in self._links.items() if open_ is not link}

    def _device(self, interface: HidInterface, page: int, usage: int) -> AttachedDevice:
        return AttachedDevice(
            path=f"rig-report/{id(self):x}/{self._times_plugged}/{interface.number}",
            transport=Transport.HID,
            vendor_id=self.plan.vendor_id,
            product_id=self.plan.product_id,
            interface=interface.number,
            usage_page=page,
            usage=usage,
            product=self.plan.product,
            bus_serial=self.plan.serial,
        )


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
        self._port.on_report(self._reports)


class ReportBus:
    """devices.links.Bus over such ports."""

    def __init__(self, ports: Iterable[ReportPort]) -> None:
        self._ports = tuple(ports)

    def scan(self) -> Sequence[AttachedDevice]:
        """What is plugged in."""
        return [device for port in self._ports for device in port.attached()]

    def open(self, device: AttachedDevice, baud_rate: int) -> HidReports:
        """Open it. Raises LinkLost, DeviceBusy."""
        del baud_rate
        for port in self._ports:
            if device in port.attached():
                return port.open(device)
        raise LinkLost(device.path)


def _report_gadget(interface: HidInterface) -> ReportGadget | None:
    gadget = interface.gadget
    if gadget is None or not hasattr(gadget, "take_report"):
        return None
    return gadget  # type: ignore[return-value]
