"""A HID interface: reports over interrupt endpoints and the control pipe (HID 1.11, section 7)."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any, Final

from tests.rig.usb.function import IN, INTERRUPT, Descriptor, Endpoint, Setup, interface_descriptor
from tests.rig.usb.plan import HidInterface, Stalled

_HID: Final = 3
_BOOT: Final = 1
_GET_DESCRIPTOR: Final = 6
_HID_1_11: Final = 0x0111


class Request(IntEnum):
    """bRequest of HID's class requests."""

    GET_REPORT = 0x01
    GET_IDLE = 0x02
    GET_PROTOCOL = 0x03
    SET_REPORT = 0x09
    SET_IDLE = 0x0A
    SET_PROTOCOL = 0x0B


class ReportType(IntEnum):
    """The high byte of wValue."""

    INPUT = 1
    OUTPUT = 2
    FEATURE = 3


class HidFunction:
    """One interface; what its gadget cannot do, it refuses as a device does."""

    def __init__(self, interface: HidInterface, first_endpoint: int) -> None:
        self._interface = interface
        self._gadget: Any = interface.gadget
        size = min(64, max(8, interface.report_bytes))
        interval = interface.interval_ms
        self._in = Endpoint(IN | first_endpoint, INTERRUPT, size, interval)
        self._out = Endpoint(first_endpoint, INTERRUPT, size, interval)

    @property
    def interfaces(self) -> tuple[int, ...]:
        return (self._interface.number,)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return (self._in, self._out) if self._interface.has_out_endpoint else (self._in,)

    @property
    def descriptors(self) -> bytes:
        protocol = self._interface.protocol
        kind = (_HID, _BOOT if protocol else 0, protocol)
        head = interface_descriptor(self._interface.number, len(self.endpoints), kind)
        return head + self._hid_descriptor + b"".join(endpoint.descriptor for endpoint in self.endpoints)

    def is_talk(self, setup: Setup) -> bool:
        # the kernel sets a keyboard's lamps by itself
        kind = setup.value >> 8
        heard = kind == ReportType.FEATURE or (kind == ReportType.OUTPUT and hasattr(self._gadget, "take_report"))
        return setup.is_class and heard and setup.request in (Request.GET_REPORT, Request.SET_REPORT)

    def control(self, setup: Setup, data: bytes) -> bytes:
        if not setup.is_class:
            return self._descriptor(setup)
        match setup.request:
            case Request.GET_REPORT:
                return self._get_report(setup.value >> 8)[: setup.length]
            case Request.SET_REPORT:
                self._set_report(setup.value >> 8, data)
                return b""
            case Request.SET_IDLE | Request.SET_PROTOCOL:
                return b""
            case Request.GET_IDLE | Request.GET_PROTOCOL:
                return b"\0"
            case _:
                raise Stalled

    def take(self, endpoint: Endpoint, data: bytes) -> None:
        del endpoint
        self._set_report(ReportType.OUTPUT, data)

    def give(self, endpoint: Endpoint, size: int) -> bytes | None:
        del endpoint
        report: bytes | None = self._gadget.next_report() if hasattr(self._gadget, "next_report") else None
        return None if report is None else report[:size]

    def lose_power(self) -> None:
        """The gadget hears of it through the plan."""

    @property
    def _hid_descriptor(self) -> bytes:
        length = len(self._interface.report_descriptor)
        return struct.pack("<BBHBBBH", 9, Descriptor.HID, _HID_1_11, 0, 1, Descriptor.REPORT, length)

    def _descriptor(self, setup: Setup) -> bytes:
        wanted = {Descriptor.HID: self._hid_descriptor, Descriptor.REPORT: self._interface.report_descriptor}
        if setup.request != _GET_DESCRIPTOR or setup.value >> 8 not in wanted:
            raise Stalled
        return wanted[Descriptor(setup.value >> 8)][: setup.length]

    def _get_report(self, kind: int) -> bytes:
        if kind != ReportType.FEATURE or not hasattr(self._gadget, "get_feature"):
            raise Stalled
        return bytes(self._gadget.get_feature())

    def _set_report(self, kind: int, data: bytes) -> None:
        if kind == ReportType.FEATURE and hasattr(self._gadget, "set_feature"):
            self._gadget.set_feature(data)
        elif kind == ReportType.OUTPUT and hasattr(self._gadget, "take_report"):
            self._gadget.take_report(data)
        elif not (kind == ReportType.OUTPUT and self._interface.protocol):
            # a keyboard takes its lamps
            raise Stalled
