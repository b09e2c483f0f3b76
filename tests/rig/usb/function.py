"""What the functions of an emulated device have in common: control requests, descriptors, endpoints."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

INTERRUPT: Final = 3
BULK: Final = 2
IN: Final = 0x80
_SETUP: Final = struct.Struct("<BBHHH")


class Descriptor(IntEnum):
    """bDescriptorType (USB 2.0 table 9-5, HID 7.1, CDC 5.2.3)."""

    DEVICE = 1
    CONFIGURATION = 2
    STRING = 3
    INTERFACE = 4
    ENDPOINT = 5
    ASSOCIATION = 11
    HID = 0x21
    REPORT = 0x22
    CLASS_INTERFACE = 0x24


@dataclass(frozen=True, slots=True)
class Setup:
    """A setup packet (USB 2.0 section 9.3)."""

    request_type: int
    request: int
    value: int
    index: int
    length: int

    @classmethod
    def from_bytes(cls, data: bytes) -> Setup:
        """Eight bytes."""
        return cls(*_SETUP.unpack(data))

    @property
    def is_class(self) -> bool:
        """A request of the interface's class."""
        return self.request_type & 0x60 == 0x20

    @property
    def to_interface(self) -> bool:
        """Whether an interface is asked, named by the low byte of `index`."""
        return self.request_type & 0x1F == 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of a function. `interval_ms` is of interrupt endpoints, `byte_s` of a serial port's bytes."""

    address: int
    kind: int
    size: int = 64
    interval_ms: int = 0
    byte_s: float = 0.0

    @property
    def is_in(self) -> bool:
        """Device to host."""
        return bool(self.address & IN)

    @property
    def descriptor(self) -> bytes:
        """Seven bytes."""
        return struct.pack("<BBBBHB", 7, Descriptor.ENDPOINT, self.address, self.kind, self.size, self.interval_ms)


class Function(Protocol):
    """What stands behind one interface, or two of CDC-ACM."""

    @property
    def interfaces(self) -> tuple[int, ...]:
        """Their numbers."""
        ...

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Beside the control pipe."""
        ...

    @property
    def descriptors(self) -> bytes:
        """Its part of the configuration."""
        ...

    def is_talk(self, setup: Setup) -> bool:
        """Whether this control request carries what a program says to the device, as a report or a byte does."""
        ...

    def control(self, setup: Setup, data: bytes) -> bytes:
        """A request to its interface. Raises Stalled."""
        ...

    def take(self, endpoint: Endpoint, data: bytes) -> None:
        """An OUT transfer. Raises Stalled."""
        ...

    def give(self, endpoint: Endpoint, size: int) -> bytes | None:
        """An IN transfer of at most `size` bytes, or None while there is nothing. Raises Stalled."""
        ...

    def lose_power(self) -> None:
        """The cable is out."""
        ...


def interface_descriptor(number: int, endpoints: int, kind: tuple[int, int, int]) -> bytes:
    """Nine bytes; `kind` is class, subclass, protocol."""
    return bytes([9, Descriptor.INTERFACE, number, 0, endpoints, *kind, 0])


Wake = Callable[[], None]
"""Tells the device's thread that a function has something to give now."""
