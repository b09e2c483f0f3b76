"""The stick's admin PIN: its own, made from the access code, or the factory's."""

from __future__ import annotations

from base64 import b32encode
from typing import Final

from devices.driver import AccessCode

FACTORY_PIN: Final = b"12345678"
_PIN_BYTES: Final = 20
"""Of 5 bits each: the card takes 8 to 25 here, and the vendor's programs 20."""


def own_pin(access: AccessCode) -> bytes:
    """Capital letters and digits."""
    return b32encode(access.code)[:_PIN_BYTES]


def pins_to_try(access: AccessCode | None) -> tuple[bytes, ...]:
    """The likely one first. Where ours is known to be in force nothing else is tried."""
    if access is None:
        return (FACTORY_PIN,)
    return (own_pin(access),) if access.in_force else (FACTORY_PIN, own_pin(access))
