"""What python-yubico does with a key: the same steps in a test's own process and over a real USB stack."""

from __future__ import annotations

from typing import Any, Final

import pytest
from yubico.yubikey_usb_hid import YubiKeyUSBHIDError

SECRET: Final = b"12345678901234567890"
FIRST_COUNTER: Final = 48
ACCESS: Final = b"h:010203040506"
OTHER: Final = b"h:060504030201"
NONE: Final = b"h:000000000000"
"""The library keeps the present code unless it is told another one."""
_HEX: Final = b"h:" + SECRET.hex().encode()


def write_hotp(theirs: Any, slot: int) -> None:
    """Eight digits, from FIRST_COUNTER on."""
    configuration = theirs.init_config()
    # this library puts the two bytes the other way round than its successor, and does not divide by 16
    factor_seed = int.from_bytes((FIRST_COUNTER // 16).to_bytes(2, "big"), "little")
    configuration.mode_oath_hotp(_HEX, digits=8, factor_seed=factor_seed)
    theirs.write_config(configuration, slot=slot)


def write_challenge_response(theirs: Any, slot: int, *, new: bytes = b"", present: bytes = b"") -> None:
    """Under the `new` access code, by the `present` one."""
    configuration = theirs.init_config()
    configuration.mode_challenge_response(_HEX, type="HMAC", variable=True)
    if new:
        configuration.access_key(new)
    if present:
        configuration.unlock_key(present)
    theirs.write_config(configuration, slot=slot)


def mac(theirs: Any, slot: int, unix_time: int) -> bytes:
    """The answer to a minute."""
    return bytes(theirs.challenge_response((unix_time // 60).to_bytes(8, "big"), slot=slot))


def swap(theirs: Any) -> None:
    """Each slot gets what the other had."""
    theirs.write_config(theirs.init_config(swap=True))


def erase(theirs: Any, slot: int) -> None:
    """Empty it; the status tells which are not."""
    theirs.write_config(theirs.init_config(zap=True), slot=slot)
    assert slot not in theirs.status().valid_configs()


def guard_with_access_code(theirs: Any, slot: int) -> None:
    """Set one, be refused without it and with another, take it off with it, and write without one."""
    write_challenge_response(theirs, slot, new=ACCESS)
    for wrong in (b"", OTHER):
        with pytest.raises(YubiKeyUSBHIDError):
            write_challenge_response(theirs, slot, present=wrong)
    write_challenge_response(theirs, slot, new=NONE, present=ACCESS)
    write_challenge_response(theirs, slot)
