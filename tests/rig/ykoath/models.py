"""What differs between the keys: how they show on the USB and what their OATH application does otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

TOTP: Final = 0x20
HOTP: Final = 0x10


class SerialPlace(Enum):
    """Who tells the serial number."""

    YUBICO_MANAGEMENT = "management application"
    SELECT_ANSWER = "tag 8F of the OATH application's own answer"
    CANOKEY_ADMIN = "admin application"


@dataclass(frozen=True, slots=True)
class Bus:
    """Ids, names and the reader's interface. `before`: kinds of the interfaces in front of it (keyboard, fido)."""

    vendor_id: int
    product_id: int
    release: int
    manufacturer: str
    product: str
    before: tuple[str, ...]
    behind: tuple[str, ...]
    features: int
    voltages: int
    max_message_bytes: int
    max_ifsd: int
    has_interrupt_endpoint: bool


@dataclass(frozen=True, slots=True)
class Model:
    """One key. `name_taken`: status word for a PUT of a name that is there, None where it is overwritten.

    `counts_first`: an HOTP counter is advanced before its code is made, so the first code is the next one's.
    """

    bus: Bus
    atr: bytes
    version: tuple[int, int, int]
    serial_place: SerialPlace
    records: int
    hashes: frozenset[int] = frozenset({1, 2, 3})
    name_taken: int | None = None
    no_such: int = 0x6984
    not_touched: int = 0x6985
    has_access_key: bool = True
    renames: bool = False
    touch_to_write: bool = False
    counts_first: bool = False
    longest_secret: int = 64


YUBIKEY_4: Final = Model(
    bus=Bus(
        vendor_id=0x1050,
        product_id=0x0407,
        release=0x0435,
        manufacturer="Yubico",
        product="Yubikey 4 OTP+U2F+CCID",
        before=("keyboard", "fido"),
        behind=(),
        features=0x000400FE,
        voltages=0x07,
        max_message_bytes=3072,
        max_ifsd=3062,
        has_interrupt_endpoint=True,
    ),
    atr=bytes.fromhex("3BF81300008131FE15597562696B657934D4"),
    version=(4, 3, 5),
    serial_place=SerialPlace.YUBICO_MANAGEMENT,
    records=32,
)
YUBIKEY_5: Final = replace(
    YUBIKEY_4,
    bus=replace(YUBIKEY_4.bus, release=0x0543, product="YubiKey OTP+FIDO+CCID"),
    atr=bytes.fromhex("3BFD1300008131FE158073C021C057597562694B657940"),
    version=(5, 4, 3),
    renames=True,
)
YUBIKEY_5_WITHOUT_KEYBOARD: Final = replace(
    YUBIKEY_5,
    bus=replace(YUBIKEY_5.bus, product_id=0x0406, product="YubiKey FIDO+CCID", before=("fido",)),
)
"""Its owner has switched the OTP slots off: to a station it is one device, not two."""
NITROKEY_3: Final = Model(
    bus=Bus(
        vendor_id=0x20A0,
        product_id=0x42B2,
        release=0x0107,
        manufacturer="Nitrokey",
        product="Nitrokey 3",
        before=(),
        behind=("fido",),
        features=0x00040840,
        voltages=0x01,
        max_message_bytes=3072,
        max_ifsd=254,
        has_interrupt_endpoint=False,
    ),
    atr=bytes.fromhex("3B8F01805D4E6974726F6B657900000000006A"),
    version=(4, 14, 0),
    serial_place=SerialPlace.SELECT_ANSWER,
    records=50,
    name_taken=0x6983,
    no_such=0x6A82,
    not_touched=0x6982,
    has_access_key=False,
    touch_to_write=True,
)
CANOKEY: Final = Model(
    bus=Bus(
        vendor_id=0x20A0,
        product_id=0x42D4,
        release=0x0100,
        manufacturer="Canokeys",
        product="Canokey",
        before=("fido", "webusb"),
        behind=("keyboard",),
        features=0x000400FE,
        voltages=0x07,
        max_message_bytes=1352,
        max_ifsd=1342,
        has_interrupt_endpoint=False,
    ),
    atr=bytes.fromhex("3BF71100008131FE6543616E6F6B657999"),
    version=(6, 0, 0),
    serial_place=SerialPlace.CANOKEY_ADMIN,
    records=100,
    name_taken=0x6985,
    not_touched=0x6982,
    renames=True,
    counts_first=True,
)
