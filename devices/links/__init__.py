"""The four shapes of link, and the bus that finds devices and opens them.

A link moves bytes and knows no protocol. Every call has its limit, by the monotonic clock; for HID reports that
are sent, and for feature reports, it is the kernel's own of five seconds. Every failure is a LinkFailed:
DeviceBusy, PermissionDenied, LinkTimeout, LinkLost. Logs name lengths, never bytes.

  ReportLink    HID input and output reports      links/hid.py
  FeatureLink   HID feature reports               links/hid.py
  StreamLink    bytes of a serial port            links/serial.py
  BulkLink      USB bulk endpoints, control       links/usb_bulk.py
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Transport(StrEnum):
    """How a device is attached."""

    HID = "hid"
    SERIAL = "serial"
    USB = "usb"


@dataclass(frozen=True, slots=True)
class AttachedDevice:
    """A device that is seen, not opened: what the bus tells of it.

    `path` names the node and is what `Bus.open` needs. Ids are None where the bus has none (a serial port that is
    no USB device). `usage_page`, `usage` and `interface` are of HID and USB only. `bus_serial` is the serial
    number the bus tells, often empty; it is never believed for writing. `named_profile` is the profile that the
    operator named for this serial port.
    """

    path: str
    transport: Transport
    vendor_id: int | None = None
    product_id: int | None = None
    interface: int | None = None
    usage_page: int | None = None
    usage: int | None = None
    product: str = ""
    bus_serial: str = ""
    named_profile: str = ""


class Link(Protocol):
    """What every open link can do."""

    @property
    def path(self) -> str:
        """The node's name, for errors and logs."""
        ...

    def close(self) -> None:
        """Give the node back. Never raises; a second call does nothing."""
        ...


@runtime_checkable
class ReportLink(Link, Protocol):
    """Unnumbered HID reports of a fixed size."""

    @property
    def report_size(self) -> int:
        """Bytes in every report, without the report number."""
        ...

    def send(self, report: bytes) -> None:
        """Send one output report of exactly `report_size` bytes. Raises LinkLost (also on a short write)."""
        ...

    def receive(self, timeout_s: float) -> bytes:
        """The next input report, exactly `report_size` bytes. Raises LinkTimeout after `timeout_s`, LinkLost."""
        ...


@runtime_checkable
class FeatureLink(Link, Protocol):
    """HID feature reports."""

    def send_feature(self, number: int, data: bytes) -> None:
        """Set feature report `number` to `data` (without the number). Raises LinkLost, LinkTimeout."""
        ...

    def get_feature(self, number: int, size: int) -> bytes:
        """Feature report `number`, `size` bytes without the number. Raises LinkLost, LinkTimeout."""
        ...


@runtime_checkable
class StreamLink(Link, Protocol):
    """A serial port's bytes."""

    def write(self, data: bytes, timeout_s: float) -> None:
        """Write all of `data`. Raises LinkTimeout after `timeout_s`, LinkLost."""
        ...

    def read(self, size: int, timeout_s: float) -> bytes:
        """1 to `size` bytes, as soon as there is any. Raises LinkTimeout after `timeout_s`, LinkLost."""
        ...

    def drop_input(self) -> None:
        """Forget what came before and was not read. Raises LinkLost."""
        ...


@runtime_checkable
class BulkLink(Link, Protocol):
    """One interface's bulk endpoints, and control transfers to it."""

    @property
    def class_descriptor(self) -> bytes:
        """The class's own descriptors behind the interface's, as the bus told them; empty where there are none."""
        ...

    def write(self, data: bytes, timeout_s: float) -> None:
        """One OUT transfer of all of `data`. Raises LinkTimeout, LinkLost (also on a short write)."""
        ...

    def read(self, size: int, timeout_s: float) -> bytes:
        """One IN transfer of at most `size` bytes. Raises LinkTimeout, LinkLost."""
        ...

    def control_in(self, request: int, value: int, size: int, timeout_s: float) -> bytes:
        """Class request to the interface that answers with at most `size` bytes. Raises LinkTimeout, LinkLost."""
        ...

    def control_out(self, request: int, value: int, data: bytes, timeout_s: float) -> None:
        """Class request to the interface that carries `data`. Raises LinkTimeout, LinkLost."""
        ...


AnyLink = ReportLink | FeatureLink | StreamLink | BulkLink


class Bus(Protocol):
    """One way in which devices are attached. A rig adds buses of its own beside the real ones."""

    def scan(self) -> Sequence[AttachedDevice]:
        """What is attached now. Opens nothing, sends nothing; a missing backend sees nothing."""
        ...

    def open(self, device: AttachedDevice, baud_rate: int) -> AnyLink:
        """Open exactly that device, for this program alone; `baud_rate` matters to serial ports only.

        Raises DeviceBusy, PermissionDenied, LinkLost.
        """
        ...
