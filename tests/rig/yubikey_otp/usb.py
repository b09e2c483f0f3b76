"""What a YubiKey is to the USB: a keyboard that has feature reports, alone or beside FIDO and a card reader."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from tests.rig.usb.plan import CardGadget, CcidInterface, HidInterface, UsbPlan
from tests.rig.yubikey_otp.device import REPORT_BYTES, EmulatedYubiKey

VENDOR_ID: Final = 0x1050
KEYBOARD_DESCRIPTOR: Final = bytes.fromhex(
    "05010906a101"  # generic desktop, keyboard
    "050719e029e71500250175019508810295017508810195057501"  # modifier keys, a reserved byte
    "0508190129059102950175039101"  # lamps
    "950675081500256505071900296581000903"  # six keys
    "75089508b102c0"  # the feature report of eight bytes
)
FIDO_DESCRIPTOR: Final = bytes.fromhex("06d0f10901a1010920150026ff007508954081020921150026ff00750895409102c0")


class Applications(StrEnum):
    """Which interfaces the key shows."""

    OTP = "OTP"
    OTP_FIDO = "OTP+FIDO"
    OTP_CCID = "OTP+CCID"
    ALL = "OTP+FIDO+CCID"


_PRODUCT_IDS: Final = {
    3: {
        Applications.OTP: 0x0110,
        Applications.OTP_CCID: 0x0111,
        Applications.OTP_FIDO: 0x0114,
        Applications.ALL: 0x0116,
    },
    4: {
        Applications.OTP: 0x0401,
        Applications.OTP_FIDO: 0x0403,
        Applications.OTP_CCID: 0x0405,
        Applications.ALL: 0x0407,
    },
}
_NAMES: Final = {2: "Yubico Yubikey II", 3: "Yubikey NEO {}", 4: "Yubikey 4 {}", 5: "YubiKey {}"}


class DeafCard:
    """A card that knows no application (CardGadget)."""

    atr: Final = bytes.fromhex("3bfd1300008131fe158073c021c057597562694b657940")

    def power_on(self) -> None:
        """Nothing to do."""

    def power_off(self) -> None:
        """Nothing to forget."""

    def exchange(self, apdu: bytes, extend: Callable[[], None]) -> bytes:
        """6D00: instruction not supported."""
        del apdu, extend
        return b"\x6d\x00"


def usb_plan(
    key: EmulatedYubiKey, applications: Applications = Applications.OTP, card: CardGadget | None = None
) -> UsbPlan:
    """The key with its interfaces; behind CCID is `card`. A YubiKey 2 is a keyboard and nothing else."""
    major, minor, build = key.application.firmware
    if major == 2 and applications is not Applications.OTP:
        raise ValueError("a YubiKey 2 has its keyboard only")
    interfaces: list[HidInterface | CcidInterface] = [_keyboard(key)]
    if "FIDO" in applications:
        interfaces.append(HidInterface(len(interfaces), FIDO_DESCRIPTOR, interval_ms=2))
    if "CCID" in applications:
        interfaces.append(_reader(len(interfaces), card or DeafCard()))
    key.application.capabilities = _capabilities(applications)
    return UsbPlan(
        vendor_id=VENDOR_ID,
        product_id=0x0010 if major == 2 else _PRODUCT_IDS[min(major, 4)][applications],
        release=major << 8 | minor << 4 | build,
        manufacturer="Yubico",
        product=_NAMES[major].format(applications if major != 4 else applications.replace("FIDO", "U2F")),
        serial="",
        interfaces=tuple(interfaces),
        lose_power=key.lose_power,
    )


def _capabilities(applications: Applications) -> int:
    """Bits of the device information: OTP 01, U2F 02, OATH 20 (stands for the card's applications here)."""
    return 0x01 | (0x02 if "FIDO" in applications else 0) | (0x20 if "CCID" in applications else 0)


def _keyboard(key: EmulatedYubiKey) -> HidInterface:
    return HidInterface(
        number=0,
        report_descriptor=KEYBOARD_DESCRIPTOR,
        interval_ms=10,
        gadget=key,
        report_bytes=REPORT_BYTES,
        protocol=1,
        has_out_endpoint=False,
    )


def _reader(number: int, card: CardGadget) -> CcidInterface:
    return CcidInterface(
        number=number,
        card=card,
        protocols=2,
        features=0x000400FE,
        voltages=7,
        max_message_bytes=3072,
        max_ifsd=2038,
        has_interrupt_endpoint=False,
    )
