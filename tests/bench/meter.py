"""What crosses between a station and its devices, and how long that takes on the wire whatever a driver does.

A bus around a bus, in process or real: the links that it opens count every transfer. The wire's time of a transfer
is its endpoint's polling interval, a frame for a control transfer, half of one for a bulk transfer, or its bytes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devices.links import AnyLink, AttachedDevice, BulkLink, Bus, FeatureLink, Link, ReportLink, StreamLink
from devices.links.hid import HidLink
from tests.rig.usb.plan import AcmInterface, CcidInterface, HidInterface, UsbPlan
from tests.rig.wire.ccid_port import PACKET_S
from tests.rig.wire.feature_port import FRAME_S

IsBusy = Callable[[bytes], bool]
"""Whether a device says in this feature report that it is still at work: the wire's time of it passes anyhow."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds that one transfer of each kind, and one byte of a serial port, takes."""

    report_s: float = 0.0
    byte_s: float = 0.0
    control_s: float = FRAME_S
    bulk_s: float = PACKET_S

    @classmethod
    def of(cls, plan: UsbPlan) -> Speed:
        """As the device's descriptors tell."""
        match spoken_interface(plan):
            case HidInterface(interval_ms=interval_ms):
                return cls(report_s=interval_ms / 1000)
            case AcmInterface(bytes_per_s=bytes_per_s):
                return cls(byte_s=1 / bytes_per_s)
            case CcidInterface():
                return cls()


def spoken_interface(plan: UsbPlan) -> HidInterface | CcidInterface | AcmInterface:
    """The interface that a station speaks to."""
    return next(
        part
        for part in plan.interfaces
        if isinstance(part, CcidInterface | AcmInterface)
        or (isinstance(part, HidInterface) and part.gadget is not None)
    )


class Meter:
    """What crossed since it was set to nought. `seconds` is the wire's own time. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.transfers = 0
        self.seconds = 0.0

    def count(self, seconds: float) -> None:
        """One more transfer."""
        with self._lock:
            self.transfers += 1
            self.seconds += seconds

    def reset(self) -> None:
        """Begin anew."""
        with self._lock:
            self.transfers, self.seconds = 0, 0.0


class MeteredBus:
    """Gives links of `bus` that count, all on one meter: for one device, or for several of one kind."""

    def __init__(self, bus: Bus, speed: Speed, is_busy: IsBusy = lambda _report: False) -> None:
        self._bus = bus
        self.speed = speed
        self.is_busy = is_busy
        self.meter = Meter()

    def scan(self) -> Sequence[AttachedDevice]:
        """What `bus` shows."""
        return self._bus.scan()

    def open(self, device: AttachedDevice, baud_rate: int) -> AnyLink:
        """A link of the same shape as the real one."""
        link = self._bus.open(device, baud_rate)
        if isinstance(link, BulkLink):
            return _Bulk(link, self)
        if isinstance(link, StreamLink):
            return _Stream(link, self)
        if isinstance(link, HidLink):
            return _Both(link, self)
        if isinstance(link, ReportLink):
            return _Reports(link, self)
        return _Features(link, self)


class _Metered:
    """What every shape of link has in common."""

    def __init__(self, link: Link, bus: MeteredBus) -> None:
        self._any_link = link
        self._bus = bus

    @property
    def path(self) -> str:
        """The node's name."""
        return self._any_link.path

    def close(self) -> None:
        """Give the node back."""
        self._any_link.close()


class _Reports(_Metered):
    def __init__(self, link: ReportLink, bus: MeteredBus) -> None:
        super().__init__(link, bus)
        self._report_link = link

    @property
    def report_size(self) -> int:
        return self._report_link.report_size

    def send(self, report: bytes) -> None:
        self._report_link.send(report)
        self._bus.meter.count(self._bus.speed.report_s)

    def receive(self, timeout_s: float) -> bytes:
        report = self._report_link.receive(timeout_s)
        self._bus.meter.count(self._bus.speed.report_s)
        return report


class _Features(_Metered):
    def __init__(self, link: FeatureLink, bus: MeteredBus) -> None:
        super().__init__(link, bus)
        self._feature_link = link

    def send_feature(self, number: int, data: bytes) -> None:
        self._feature_link.send_feature(number, data)
        self._bus.meter.count(self._bus.speed.control_s)

    def get_feature(self, number: int, size: int) -> bytes:
        report = self._feature_link.get_feature(number, size)
        self._bus.meter.count(0.0 if self._bus.is_busy(report) else self._bus.speed.control_s)
        return report


class _Both(_Reports, _Features):
    """A real HID interface: its driver knows which of the two its device speaks by."""

    def __init__(self, link: HidLink, bus: MeteredBus) -> None:
        _Reports.__init__(self, link, bus)
        self._feature_link = link


class _Stream(_Metered):
    def __init__(self, link: StreamLink, bus: MeteredBus) -> None:
        super().__init__(link, bus)
        self._link = link

    def write(self, data: bytes, timeout_s: float) -> None:
        self._link.write(data, timeout_s)
        self._bus.meter.count(len(data) * self._bus.speed.byte_s)

    def read(self, size: int, timeout_s: float) -> bytes:
        data = self._link.read(size, timeout_s)
        self._bus.meter.count(len(data) * self._bus.speed.byte_s)
        return data

    def drop_input(self) -> None:
        self._link.drop_input()


class _Bulk(_Metered):
    def __init__(self, link: BulkLink, bus: MeteredBus) -> None:
        super().__init__(link, bus)
        self._link = link

    @property
    def class_descriptor(self) -> bytes:
        return self._link.class_descriptor

    def write(self, data: bytes, timeout_s: float) -> None:
        self._link.write(data, timeout_s)
        self._bus.meter.count(self._bus.speed.bulk_s)

    def read(self, size: int, timeout_s: float) -> bytes:
        data = self._link.read(size, timeout_s)
        self._bus.meter.count(self._bus.speed.bulk_s)
        return data

    def control_in(self, request: int, value: int, size: int, timeout_s: float) -> bytes:
        data = self._link.control_in(request, value, size, timeout_s)
        self._bus.meter.count(self._bus.speed.control_s)
        return data

    def control_out(self, request: int, value: int, data: bytes, timeout_s: float) -> None:
        self._link.control_out(request, value, data, timeout_s)
        self._bus.meter.count(self._bus.speed.control_s)
