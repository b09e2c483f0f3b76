"""A serial port on the USB: CDC-ACM, a communication interface and a data interface (CDC PSTN 1.2)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from tests.rig.usb.function import BULK, IN, INTERRUPT, Descriptor, Endpoint, Setup, interface_descriptor
from tests.rig.usb.plan import AcmInterface, Stalled

_COMMUNICATION: Final = (0x02, 0x02)
_DATA: Final = (0x0A, 0x00, 0x00)
_CDC_1_10: Final = b"\x10\x01"


class Request(IntEnum):
    """bRequest."""

    SET_LINE_CODING = 0x20
    GET_LINE_CODING = 0x21
    SET_CONTROL_LINE_STATE = 0x22
    SEND_BREAK = 0x23


class AcmFunction:
    """Two interfaces. The line's speed is what the host says, and means nothing here."""

    def __init__(self, interface: AcmInterface, first_endpoint: int) -> None:
        self._interface = interface
        self._gadget = interface.gadget
        self._notify = Endpoint(IN | first_endpoint + 1, INTERRUPT, 8, interface.notify_ms)
        byte_s = 1 / interface.bytes_per_s
        self._in = Endpoint(IN | first_endpoint, BULK, byte_s=byte_s)
        self._out = Endpoint(first_endpoint, BULK, byte_s=byte_s)
        self._coding = (115_200).to_bytes(4, "little") + bytes([0, 0, 8])

    @property
    def interfaces(self) -> tuple[int, ...]:
        return (self._interface.number, self._interface.number + 1)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return (self._in, self._out, self._notify)

    @property
    def descriptors(self) -> bytes:
        control, data = self.interfaces
        kind = (*_COMMUNICATION, self._interface.protocol)
        association = bytes([8, Descriptor.ASSOCIATION, control, 2, *kind, 0])
        functional = (
            bytes([5, Descriptor.CLASS_INTERFACE, 0x00]) + _CDC_1_10,
            bytes([5, Descriptor.CLASS_INTERFACE, 0x01, 0x00, data]),
            bytes([4, Descriptor.CLASS_INTERFACE, 0x02, self._interface.capabilities]),
            bytes([5, Descriptor.CLASS_INTERFACE, 0x06, control, data]),
        )
        first = interface_descriptor(control, 1, kind) + b"".join(functional) + self._notify.descriptor
        second = interface_descriptor(data, 2, _DATA) + self._in.descriptor + self._out.descriptor
        return association + first + second

    def is_talk(self, setup: Setup) -> bool:
        del setup
        return False

    def control(self, setup: Setup, data: bytes) -> bytes:
        if not setup.is_class:
            raise Stalled
        match setup.request:
            case Request.SET_LINE_CODING:
                self._coding = data
            case Request.GET_LINE_CODING:
                return self._coding[: setup.length]
            case Request.SET_CONTROL_LINE_STATE:
                self._gadget.set_dtr(raised=bool(setup.value & 1))
            case Request.SEND_BREAK:
                pass
            case _:
                raise Stalled
        return b""

    def take(self, endpoint: Endpoint, data: bytes) -> None:
        del endpoint
        self._gadget.take_bytes(data)

    def give(self, endpoint: Endpoint, size: int) -> bytes | None:
        if endpoint is self._notify:
            return None
        return self._gadget.next_bytes(size) or None

    def lose_power(self) -> None:
        self._gadget.set_dtr(raised=False)
