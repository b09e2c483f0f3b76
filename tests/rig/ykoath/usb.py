"""The keys on the USB, as reader dumps and their makers' sources show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.rig.usb.plan import CcidInterface, HidInterface, UsbPlan, VendorInterface
from tests.rig.ykoath.device import OathKey
from tests.rig.ykoath.models import SerialPlace

KEYBOARD: Final = bytes.fromhex(
    "05010906A101050719E029E71500250175019508810295017508810195057501050819012905910295017503910195067508"
    "150025650507190029658100C0"
)
FIDO: Final = bytes.fromhex("06D0F10901A1010920150026FF007508954081020921150026FF00750895409102C0")
_KINDS: Final[Mapping[str, tuple[bytes, int, int, int, bool]]] = {
    "keyboard": (KEYBOARD, 10, 8, 1, False),
    "fido": (FIDO, 2, 64, 0, True),
}


def usb_plan(key: OathKey) -> UsbPlan:
    """The whole key; what is not the card reader is there and never says anything.

    Of the three a CanoKey alone tells its serial number on the bus.
    """
    bus = key.model.bus
    reader = CcidInterface(
        number=len(bus.before),
        card=key,
        protocols=0x02,
        features=bus.features,
        voltages=bus.voltages,
        max_message_bytes=bus.max_message_bytes,
        max_ifsd=bus.max_ifsd,
        has_interrupt_endpoint=bus.has_interrupt_endpoint,
    )
    before = [_silent(number, kind) for number, kind in enumerate(bus.before)]
    behind = [_silent(number, kind) for number, kind in enumerate(bus.behind, len(bus.before) + 1)]
    return UsbPlan(
        vendor_id=bus.vendor_id,
        product_id=bus.product_id,
        release=bus.release,
        manufacturer=bus.manufacturer,
        product=bus.product,
        serial=key.serial.hex().upper() if key.model.serial_place is SerialPlace.CANOKEY_ADMIN else "",
        interfaces=(*before, reader, *behind),
        lose_power=key.power_off,
    )


def _silent(number: int, kind: str) -> HidInterface | VendorInterface:
    if kind == "webusb":
        return VendorInterface(number)
    descriptor, interval_ms, size, protocol, has_out = _KINDS[kind]
    return HidInterface(
        number=number,
        report_descriptor=descriptor,
        interval_ms=interval_ms,
        report_bytes=size,
        protocol=protocol,
        has_out_endpoint=has_out,
    )
