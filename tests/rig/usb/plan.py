"""What an emulated device is to the USB: ids, strings, interfaces, and the gadget behind each interface.

A family's emulator says this once (tests/rig/FAMILY/usb.py); in-process ports and the real USB stack both read it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


class Stalled(Exception):
    """The device refuses the transfer: a STALL on the endpoint."""


class FeatureGadget(Protocol):
    """Behind a HID interface that speaks by feature reports without a number."""

    def set_feature(self, data: bytes) -> None:
        """SET_REPORT. Raises Stalled."""
        ...

    def get_feature(self) -> bytes:
        """GET_REPORT. Raises Stalled."""
        ...


class ReportGadget(Protocol):
    """Behind a HID interface with input and output reports without a number."""

    def take_report(self, data: bytes) -> None:
        """One output report. Raises Stalled."""
        ...

    def next_report(self) -> bytes | None:
        """The next input report, or None while there is none."""
        ...


class CardGadget(Protocol):
    """A card in a CCID reader."""

    @property
    def atr(self) -> bytes:
        """Answer to reset."""
        ...

    def power_on(self) -> None:
        """Power and reset."""
        ...

    def power_off(self) -> None:
        """No power any more: volatile state is gone."""
        ...

    def exchange(self, apdu: bytes, extend: Callable[[], None]) -> bytes:
        """One command APDU to one response APDU. `extend` asks the host for more time (a CCID time extension)."""
        ...


class ConsoleGadget(Protocol):
    """Behind a CDC-ACM port."""

    def set_dtr(self, *, raised: bool) -> None:
        """The host raised or dropped DTR."""
        ...

    def take_bytes(self, data: bytes) -> None:
        """What the host typed."""
        ...

    def next_bytes(self, size: int) -> bytes:
        """At most `size` bytes for the host; empty while there are none."""
        ...


@dataclass(frozen=True, slots=True)
class HidInterface:
    """A HID interface. `protocol` 1 is a boot keyboard; without a gadget it is there and never says anything.

    `only_answers`: whatever its gadget has to say is there as soon as it was told something.
    """

    number: int
    report_descriptor: bytes
    interval_ms: int
    gadget: FeatureGadget | ReportGadget | None = None
    report_bytes: int = 64
    protocol: int = 0
    has_out_endpoint: bool = True
    only_answers: bool = False


@dataclass(frozen=True, slots=True)
class CcidInterface:
    """A smart-card reader with one slot (USB CCID rev. 1.1)."""

    number: int
    card: CardGadget
    protocols: int
    features: int
    voltages: int
    max_message_bytes: int
    max_ifsd: int
    has_interrupt_endpoint: bool = True


@dataclass(frozen=True, slots=True)
class AcmInterface:
    """A serial port: a communication interface and, at the next number, its data interface.

    `protocol` 1 says that AT commands are understood; `capabilities` are those of the line (CDC PSTN 1.2 table 4).
    `only_answers` as of a HID interface.
    """

    number: int
    gadget: ConsoleGadget
    bytes_per_s: float = 11_520.0
    protocol: int = 1
    capabilities: int = 0x02
    notify_ms: int = 32
    only_answers: bool = False


@dataclass(frozen=True, slots=True)
class VendorInterface:
    """An interface of the maker's own class, without endpoints; nobody here speaks to it."""

    number: int


Interface = HidInterface | CcidInterface | AcmInterface | VendorInterface


@dataclass(frozen=True, slots=True)
class UsbPlan:
    """A whole device, at full speed. `release` is bcdDevice; `lose_power` is called when its cable is out."""

    vendor_id: int
    product_id: int
    release: int
    manufacturer: str
    product: str
    serial: str
    interfaces: tuple[Interface, ...] = field(default=())
    lose_power: Callable[[], None] = field(default=lambda: None)
