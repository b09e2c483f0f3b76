"""What an OnlyKey is to the USB: a keyboard, a FIDO authenticator and the interface that it is configured by."""

from __future__ import annotations

from typing import Final

from tests.rig.onlykey.device import POLL_MS, EmulatedOnlyKey
from tests.rig.usb.plan import HidInterface, UsbPlan

VENDOR_ID: Final = 0x1D50
PRODUCT_ID: Final = 0x60FC
USB_SERIAL: Final = "1000000000"
"""The firmware gives every key this one."""
KEYBOARD, FIDO, RAW_HID = range(3)
_KEYBOARD_DESCRIPTOR: Final = bytes.fromhex(
    "05010906a101"  # generic desktop, keyboard
    "050719e029e71500250175019508810295017508810395057501"  # modifier keys, a reserved byte
    "0508190129059102950175039103"  # lamps
    "95067508150025680507190029688100c0"  # six keys
)


def _raw(page: int, usage: int) -> bytes:
    """64 bytes in, 64 bytes out."""
    head = b"\x06" + page.to_bytes(2, "little") + bytes([0x09, usage, 0xA1, 0x01])
    return head + bytes.fromhex("0920150026ff007508954081020921150026ff00750895409102c0")


def usb_plan(key: EmulatedOnlyKey, *, serial: str = USB_SERIAL) -> UsbPlan:
    """The whole device. Only the raw interface has the key's ear."""
    return UsbPlan(
        vendor_id=VENDOR_ID,
        product_id=PRODUCT_ID,
        release=0x0100,
        manufacturer="CRYPTOTRUST",
        product="ONLYKEY",
        serial=serial,
        interfaces=(
            HidInterface(
                KEYBOARD, _KEYBOARD_DESCRIPTOR, POLL_MS, report_bytes=8, protocol=1, has_out_endpoint=False
            ),
            HidInterface(FIDO, _raw(0xF1D0, 0x01), POLL_MS),
            HidInterface(RAW_HID, _raw(0xFFAB, 0x02), POLL_MS, gadget=key),
        ),
        lose_power=key.lose_power,
    )
