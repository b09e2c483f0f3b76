"""What the stick is to the USB: a HID interface with feature reports of 64 bytes, and a card reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.rig.nitrokey_pro.device import EmulatedNitrokey, Model
from tests.rig.usb.plan import CcidInterface, HidInterface, UsbPlan

REPORT_DESCRIPTOR: Final = bytes.fromhex(
    "0600ff0901a101"  # vendor page, one collection
    "0901150026ff00750895408102"  # 64 bytes in
    "0902150026ff00750895409102"  # 64 bytes out
    "090275089540b102c0"  # the feature report of 64 bytes
)
_IDS: Final = {
    Model.PRO: (0x20A0, 0x4108, "Nitrokey"),
    Model.STORAGE: (0x20A0, 0x4109, "Nitrokey"),
    Model.LIBREM_KEY: (0x316D, 0x4C4B, "Purism, SPC"),
}


class OpenPgpCard:
    """The card, without a word about OpenPGP (CardGadget)."""

    atr: Final = bytes.fromhex("3bda18ff81b1fe751f030031f573c001600090001c")

    def power_on(self) -> None:
        """Nothing to do."""

    def power_off(self) -> None:
        """Nothing to forget."""

    def exchange(self, apdu: bytes, extend: Callable[[], None]) -> bytes:
        """6D00: instruction not supported."""
        del apdu, extend
        return b"\x6d\x00"


def usb_plan(key: EmulatedNitrokey) -> UsbPlan:
    """The stick. Its serial string holds the card's serial number, at a place that changed with the firmware."""
    vendor_id, product_id, manufacturer = _IDS[key.model]
    serial = key.serial.lower()
    old = key.stick.firmware < (0, 10)
    return UsbPlan(
        vendor_id=vendor_id,
        product_id=product_id,
        release=0x0101,
        manufacturer=manufacturer,
        product=str(key.model),
        serial=f"{serial[4:]:0>8}{'':0>16}" if old else f"{serial:0>24}",
        interfaces=(
            HidInterface(0, REPORT_DESCRIPTOR, interval_ms=10, gadget=key, has_out_endpoint=False),
            CcidInterface(
                number=1,
                card=OpenPgpCard(),
                protocols=2,
                features=0x000104BA,
                voltages=2,
                max_message_bytes=271,
                max_ifsd=254,
            ),
        ),
        lose_power=key.lose_power,
    )
