"""Trouble on any wire: a bus around a bus, whose links lose the device, its answers or their sense at one report.

A report is one transfer here: a HID report, a bulk or control transfer, one write to a serial port or what one
read of it brings. Both directions count, from 1, since the link was opened.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from devices.errors import LinkTimeout
from devices.links import AnyLink, AttachedDevice, BulkLink, Bus, FeatureLink, Link, ReportLink, StreamLink


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong, each None or at a report's number."""

    # the cable is out once this report has crossed; happens once
    cut_after: int | None = None
    # the device does not take or answer anything after this report; 0 is a mute device
    stall_after: int | None = None
    # this report, if it comes from the device, is `garbage` instead
    garbage_at: int | None = None
    garbage: bytes = b""


class TroubledBus:
    """Gives links of `bus`, with whatever trouble is set. `unplug` pulls the device's cable."""

    def __init__(self, bus: Bus, unplug: Callable[[], None]) -> None:
        self._bus = bus
        self.unplug = unplug
        self.trouble = Trouble()
        self.on_report: Callable[[int], None] = lambda _number: None
        self.opened = 0

    def scan(self) -> Sequence[AttachedDevice]:
        """What `bus` shows."""
        return self._bus.scan()

    def open(self, device: AttachedDevice, baud_rate: int) -> AnyLink:
        """A troubled link of the same shape as the real one."""
        self.opened += 1
        link = self._bus.open(device, baud_rate)
        if isinstance(link, BulkLink):
            return TroubledBulk(link, self)
        if isinstance(link, StreamLink):
            return TroubledStream(link, self)
        if isinstance(link, ReportLink):
            return TroubledReports(link, self)
        return TroubledFeatures(link, self)


class _Troubled:
    """What every shape of link has in common."""

    def __init__(self, link: Link, bus: TroubledBus) -> None:
        self._any_link = link
        self._bus = bus
        self._reports = 0

    @property
    def path(self) -> str:
        """The node's name."""
        return self._any_link.path

    def close(self) -> None:
        """Give the node back."""
        self._any_link.close()

    def _silent(self) -> bool:
        stall_after = self._bus.trouble.stall_after
        return stall_after is not None and self._reports >= stall_after

    def _out(self, send: Callable[[], None], patience_s: float | None = None) -> None:
        """One report to the device, which may be lost; with `patience_s` the host notices that nobody takes it."""
        if not self._silent():
            send()
        elif patience_s is not None:
            self._wait(patience_s)
        self._crossed()

    def _in(self, fetch: Callable[[], bytes], size: int | None, timeout_s: float) -> bytes:
        """One report from the device; `size` is its fixed length, if it has one."""
        if self._silent():
            self._wait(timeout_s)
        data = fetch()
        trouble = self._bus.trouble
        if trouble.garbage_at == self._reports + 1:
            data = trouble.garbage if size is None else trouble.garbage.ljust(size, b"\0")[:size]
        self._crossed()
        return data

    def _wait(self, timeout_s: float) -> None:
        time.sleep(timeout_s)
        raise LinkTimeout(self.path, waited_s=timeout_s)

    def _crossed(self) -> None:
        self._reports += 1
        self._bus.on_report(self._reports)
        cut_after = self._bus.trouble.cut_after
        if cut_after is not None and self._reports >= cut_after:
            self._bus.trouble = replace(self._bus.trouble, cut_after=None)
            self._bus.unplug()


class TroubledReports(_Troubled):
    """devices.links.ReportLink."""

    def __init__(self, link: ReportLink, bus: TroubledBus) -> None:
        super().__init__(link, bus)
        self._link = link

    @property
    def report_size(self) -> int:
        """Bytes in every report."""
        return self._link.report_size

    def send(self, report: bytes) -> None:
        """One output report."""
        self._out(lambda: self._link.send(report))

    def receive(self, timeout_s: float) -> bytes:
        """The next input report."""
        return self._in(lambda: self._link.receive(timeout_s), self.report_size, timeout_s)


_HOST_PATIENCE_S = 0.05
"""In place of the seconds for which a host waits until its transfer is taken: five on Linux for a control one."""


class TroubledFeatures(_Troubled):
    """devices.links.FeatureLink."""

    def __init__(self, link: FeatureLink, bus: TroubledBus) -> None:
        super().__init__(link, bus)
        self._link = link

    def send_feature(self, number: int, data: bytes) -> None:
        """Set a feature report."""
        self._out(lambda: self._link.send_feature(number, data), _HOST_PATIENCE_S)

    def get_feature(self, number: int, size: int) -> bytes:
        """Get a feature report."""
        return self._in(lambda: self._link.get_feature(number, size), size, _HOST_PATIENCE_S)


class TroubledStream(_Troubled):
    """devices.links.StreamLink."""

    def __init__(self, link: StreamLink, bus: TroubledBus) -> None:
        super().__init__(link, bus)
        self._link = link

    def write(self, data: bytes, timeout_s: float) -> None:
        """Bytes to the device."""
        self._out(lambda: self._link.write(data, timeout_s))

    def read(self, size: int, timeout_s: float) -> bytes:
        """Bytes from the device."""
        return self._in(lambda: self._link.read(size, timeout_s), None, timeout_s)[:size] or b"\0"

    def drop_input(self) -> None:
        """Forget what was not read."""
        self._link.drop_input()


class TroubledBulk(_Troubled):
    """devices.links.BulkLink."""

    def __init__(self, link: BulkLink, bus: TroubledBus) -> None:
        super().__init__(link, bus)
        self._link = link

    @property
    def class_descriptor(self) -> bytes:
        """Descriptors come from the bus, before any transfer."""
        return self._link.class_descriptor

    def write(self, data: bytes, timeout_s: float) -> None:
        """One OUT transfer."""
        self._out(lambda: self._link.write(data, timeout_s), min(timeout_s, _HOST_PATIENCE_S))

    def read(self, size: int, timeout_s: float) -> bytes:
        """One IN transfer."""
        return self._in(lambda: self._link.read(size, timeout_s), None, timeout_s)[:size]

    def control_in(self, request: int, value: int, size: int, timeout_s: float) -> bytes:
        """A class request that answers."""
        return self._in(lambda: self._link.control_in(request, value, size, timeout_s), None, timeout_s)[:size]

    def control_out(self, request: int, value: int, data: bytes, timeout_s: float) -> None:
        """A class request that carries data."""
        self._out(lambda: self._link.control_out(request, value, data, timeout_s), timeout_s)
