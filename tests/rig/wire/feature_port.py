"""A device of a UsbPlan that is written by HID feature reports, in process: devices' FeatureLink on one side."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar, cast

from devices.errors import DeviceBusy, LinkLost
from devices.links import AttachedDevice, Transport
from tests.rig.usb.plan import FeatureGadget, HidInterface, Stalled, UsbPlan
from tests.rig.wire.visits import Visits

ReportHook = Callable[[int], None]
"""Called with the number of each report once it has crossed (and the device has done what it asks)."""

FRAME_S: Final = 0.001
"""A control transfer of one small report takes a frame at full speed."""
T = TypeVar("T")
_USAGE_PAGE: Final = 0x04
_USAGE: Final = 0x08


class FeaturePort:
    """One USB socket with one device, plugged or not. Safe between threads.

    Every HID interface of the plan shows on the bus; opening one without feature reports is a test's failure.
    `paced`: reports take their time. The paths change with every plugging, as hidraw numbers do.
    """

    def __init__(self, plan: UsbPlan, name: str, *, paced: bool = False, plugged: bool = True) -> None:
        self.plan = plan
        self.paced = paced
        self.name = name
        self.on_report: ReportHook = lambda _number: None
        self._lock = threading.Lock()
        self._times_plugged = 0
        self._shown: dict[AttachedDevice, HidInterface] = {}
        self._links: dict[str, PortLink] = {}
        if plugged:
            self.plug()

    @property
    def attached(self) -> tuple[AttachedDevice, ...]:
        """What the bus shows of it."""
        return tuple(self._shown)

    def plug(self) -> None:
        """Put it in; nothing happens if it is."""
        with self._lock:
            if self._shown:
                return
            self._times_plugged += 1
            hid = [part for part in self.plan.interfaces if isinstance(part, HidInterface)]
            self._shown = {self._seen(part): part for part in hid}

    def unplug(self) -> None:
        """Pull it out, whatever is going on."""
        with self._lock:
            self._shown = {}
            links, self._links = self._links, {}
        for link in links.values():
            link.lose()
        self.plan.lose_power()

    def open(self, device: AttachedDevice) -> PortLink:
        """Open an interface for one program alone. Raises LinkLost, DeviceBusy."""
        with self._lock:
            interface = self._shown.get(device)
            if interface is None:
                raise LinkLost(device.path)
            if device.path in self._links:
                raise DeviceBusy(device.path)
            if not hasattr(interface.gadget, "get_feature"):
                raise AssertionError(f"interface {interface.number} must not be opened")
            gadget = cast(FeatureGadget, interface.gadget)
            link = self._links[device.path] = PortLink(self, device.path, gadget)
        return link

    def closed(self, path: str) -> None:
        """The program gave it back; the device does not notice."""
        with self._lock:
            self._links.pop(path, None)

    def _seen(self, part: HidInterface) -> AttachedDevice:
        usage_page, usage = _top_collection(part.report_descriptor)
        return AttachedDevice(
            path=f"rig-feature/{self.name}/{self._times_plugged}/{part.number}",
            transport=Transport.HID,
            vendor_id=self.plan.vendor_id,
            product_id=self.plan.product_id,
            interface=part.number,
            usage_page=usage_page,
            usage=usage,
            product=self.plan.product,
            bus_serial=self.plan.serial,
        )


class PortLink:
    """devices' FeatureLink to an emulated device. For one thread, as a real one."""

    def __init__(self, port: FeaturePort, path: str, gadget: FeatureGadget) -> None:
        self._port = port
        self._path = path
        self._gadget = gadget
        self._visits = Visits(FRAME_S if port.paced else 0.0)
        self._reports = 0
        self._gone = False

    @property
    def path(self) -> str:
        """The node's name."""
        return self._path

    def close(self) -> None:
        """Give the node back."""
        if not self._gone:
            self._gone = True
            self._port.closed(self._path)

    def lose(self) -> None:
        """The device is out."""
        self._gone = True

    def send_feature(self, number: int, data: bytes) -> None:
        """SET_REPORT. Raises LinkLost."""
        self._cross(number, lambda: self._gadget.set_feature(data))

    def get_feature(self, number: int, size: int) -> bytes:
        """GET_REPORT. Raises LinkLost."""
        report = self._cross(number, self._gadget.get_feature)
        if len(report) != size:
            raise LinkLost(self._path)
        return report

    def _cross(self, number: int, transfer: Callable[[], T]) -> T:
        if self._gone or number:
            raise LinkLost(self._path)
        time.sleep(max(0.0, self._visits.next_s() - time.monotonic()))
        try:
            result = transfer()
        except Stalled:
            raise LinkLost(self._path) from None
        self._reports += 1
        self._port.on_report(self._reports)
        return result


class FeatureBus:
    """The HID bus with these ports (devices.links.Bus)."""

    def __init__(self, ports: Iterable[FeaturePort]) -> None:
        self._ports = tuple(ports)

    def scan(self) -> Sequence[AttachedDevice]:
        """What is plugged in."""
        return [device for port in self._ports for device in port.attached]

    def open(self, device: AttachedDevice, baud_rate: int) -> PortLink:
        """Open it. Raises LinkLost, DeviceBusy."""
        del baud_rate
        for port in self._ports:
            if device in port.attached:
                return port.open(device)
        raise LinkLost(device.path)


def _top_collection(descriptor: bytes) -> tuple[int, int]:
    """Usage page and usage of the first collection of a report descriptor."""
    found: dict[int, int] = {}
    place = 0
    while place < len(descriptor) and len(found) < 2:
        head = descriptor[place]
        size = (0, 1, 2, 4)[head & 3]
        value = int.from_bytes(descriptor[place + 1 : place + 1 + size], "little")
        found.setdefault(head & 0xFC, value)
        place += 1 + size
    return found[_USAGE_PAGE], found[_USAGE]
