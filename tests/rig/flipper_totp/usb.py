"""What a Flipper Zero is to the USB: one serial port, under an id that every STM32 example has."""

from __future__ import annotations

from typing import Final

from tests.rig.flipper_totp.console import Console
from tests.rig.flipper_totp.device import EmulatedFlipper
from tests.rig.usb.plan import AcmInterface, UsbPlan

VENDOR_ID: Final = 0x0483
PRODUCT_ID: Final = 0x5740
_BYTES_PER_S: Final = 64_000.0
"""Line settings mean nothing to it: a packet of 64 bytes in each frame."""


def usb_plan(flipper: EmulatedFlipper) -> UsbPlan:
    """The whole device. Without cable it runs on its battery; only the console's talk is over."""
    console = Console(flipper)
    return UsbPlan(
        vendor_id=VENDOR_ID,
        product_id=PRODUCT_ID,
        release=0x0100,
        manufacturer="Flipper Devices Inc.",
        product=f"Flipper {flipper.name}",
        serial=f"flip_{flipper.name}",
        interfaces=(AcmInterface(0, console, _BYTES_PER_S, protocol=0, capabilities=0, notify_ms=255),),
        lose_power=lambda: console.set_dtr(raised=False),
    )
