"""A UsbPlan as a device that answers on its control pipe and knows its endpoints (USB 2.0 chapter 9)."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

from tests.rig.usb.acm import AcmFunction
from tests.rig.usb.ccid import CcidFunction
from tests.rig.usb.function import Descriptor, Endpoint, Function, Setup, Wake
from tests.rig.usb.hid import HidFunction
from tests.rig.usb.plan import AcmInterface, CcidInterface, HidInterface, Stalled, UsbPlan, VendorInterface
from tests.rig.usb.vendor import VendorFunction

_CONTROL_BYTES: Final = 64
_USB_2_0: Final = 0x0200
_WITH_ASSOCIATIONS: Final = (0xEF, 0x02, 0x01)
_BUS_POWERED: Final = 0x80
_HALF_AN_AMPERE: Final = 100  # in units of 2 mA: 200 mA
_ENGLISH: Final = 0x0409
_TEXTS: Final = ("manufacturer", "product", "serial")


class Request(IntEnum):
    """bRequest of the standard requests (table 9-4) that a device of the rig knows."""

    GET_STATUS = 0
    CLEAR_FEATURE = 1
    SET_FEATURE = 3
    SET_ADDRESS = 5
    GET_DESCRIPTOR = 6
    GET_CONFIGURATION = 8
    SET_CONFIGURATION = 9
    GET_INTERFACE = 10
    SET_INTERFACE = 11


class UsbDevice:
    """One plugging of a device: ask it with control requests and transfers."""

    def __init__(self, plan: UsbPlan, wake: Wake) -> None:
        self.plan = plan
        self.functions = _functions(plan, wake)
        self._by_interface = {number: one for one in self.functions for number in one.interfaces}
        self._by_endpoint = {end.address: (one, end) for one in self.functions for end in one.endpoints}
        self._configuration = 0

    def endpoint(self, address: int) -> tuple[Function, Endpoint]:
        """What is behind an endpoint's address. Raises Stalled."""
        try:
            return self._by_endpoint[address]
        except KeyError:
            raise Stalled from None

    def is_talk(self, setup: Setup) -> bool:
        """Whether a program says something to a gadget by this request."""
        function = self._by_interface.get(setup.index & 0xFF) if setup.to_interface else None
        return function is not None and function.is_talk(setup)

    def control(self, setup: Setup, data: bytes) -> bytes:
        """A request on the control pipe. Raises Stalled."""
        if setup.to_interface and (setup.is_class or setup.request == Request.GET_DESCRIPTOR):
            function = self._by_interface.get(setup.index & 0xFF)
            if function is None:
                raise Stalled
            return function.control(setup, data)
        return self._standard(setup)[: setup.length]

    def lose_power(self) -> None:
        """The cable is out."""
        for function in self.functions:
            function.lose_power()
        self.plan.lose_power()

    def _standard(self, setup: Setup) -> bytes:
        match setup.request:
            case Request.GET_DESCRIPTOR:
                return self._descriptor(setup.value >> 8, setup.value & 0xFF)
            case Request.GET_STATUS:
                return bytes(2)
            case Request.GET_CONFIGURATION:
                return bytes([self._configuration])
            case Request.SET_CONFIGURATION:
                self._configuration = setup.value & 0xFF
                return b""
            case Request.GET_INTERFACE:
                return b"\0"
            case Request.CLEAR_FEATURE | Request.SET_FEATURE | Request.SET_ADDRESS | Request.SET_INTERFACE:
                return b""
            case _:
                raise Stalled

    def _descriptor(self, kind: int, index: int) -> bytes:
        if kind == Descriptor.DEVICE:
            return self._device_descriptor()
        if kind == Descriptor.CONFIGURATION and index == 0:
            return self._configuration_descriptor()
        if kind == Descriptor.STRING:
            return self._string(index)
        raise Stalled

    def _device_descriptor(self) -> bytes:
        plan = self.plan
        has_port = any(isinstance(part, AcmInterface) for part in plan.interfaces)
        kind = _WITH_ASSOCIATIONS if has_port else (0, 0, 0)
        texts = [number if getattr(plan, name) else 0 for number, name in enumerate(_TEXTS, 1)]
        head = struct.pack("<BBHBBBB", 18, Descriptor.DEVICE, _USB_2_0, *kind, _CONTROL_BYTES)
        return head + struct.pack("<HHHBBBB", plan.vendor_id, plan.product_id, plan.release, *texts, 1)

    def _configuration_descriptor(self) -> bytes:
        parts = b"".join(function.descriptors for function in self.functions)
        head = struct.pack(
            "<BBHBBBBB",
            9,
            Descriptor.CONFIGURATION,
            9 + len(parts),
            len(self._by_interface),
            1,
            0,
            _BUS_POWERED,
            _HALF_AN_AMPERE,
        )
        return head + parts

    def _string(self, index: int) -> bytes:
        if index == 0:
            content = struct.pack("<H", _ENGLISH)
        elif index <= len(_TEXTS) and getattr(self.plan, _TEXTS[index - 1]):
            content = getattr(self.plan, _TEXTS[index - 1]).encode("utf-16-le")
        else:
            raise Stalled
        return bytes([2 + len(content), Descriptor.STRING]) + content


def _functions(plan: UsbPlan, wake: Wake) -> tuple[Function, ...]:
    """One for each interface of the plan; endpoint numbers are given out in order."""
    functions: list[Function] = []
    free = 1
    for part in plan.interfaces:
        match part:
            case HidInterface():
                functions.append(HidFunction(part, free))
                free += 1
            case CcidInterface():
                functions.append(CcidFunction(part, free, wake))
                free += 2
            case AcmInterface():
                functions.append(AcmFunction(part, free))
                free += 2
            case VendorInterface():
                functions.append(VendorFunction(part))
    return tuple(functions)
