"""A Molto-2 on the USB, as reader dumps of both revisions show it."""

from __future__ import annotations

from tests.rig.molto2.device import Molto2
from tests.rig.usb.plan import CcidInterface, HidInterface, UsbPlan

BOOT_KEYBOARD = bytes.fromhex(
    "05010906A101050719E029E71500250175019508810295017508810195057501050819012905910295017503910195067508"
    "150025650507190029658100C0"
)
"""The report descriptor of the HID specification's appendix E.6. What interface 0 really is, no source tells."""


def usb_plan(device: Molto2) -> UsbPlan:
    """Interface 1 is the reader; the device tells no serial number on the bus."""
    return UsbPlan(
        vendor_id=device.hardware.vendor_id,
        product_id=device.hardware.product_id,
        release=0x0100,
        manufacturer="TOKEN2",
        product="Molto2",
        serial="",
        lose_power=device.power_off,
        interfaces=(
            HidInterface(0, BOOT_KEYBOARD, interval_ms=10, report_bytes=8, protocol=1, has_out_endpoint=False),
            CcidInterface(
                number=1,
                card=device,
                protocols=0x03,
                features=0x00040480,
                voltages=0x01,
                max_message_bytes=2088,
                max_ifsd=2088,
            ),
        ),
    )
