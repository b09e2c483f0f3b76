"""An access code in the form in which the maker's own program takes it, for a device whose server is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from devices.driver import AccessCode
from devices.drivers.molto2.messages import CUSTOMER_KEY_BYTES
from devices.drivers.nitrokey_pro.pins import own_pin
from devices.drivers.yubikey_otp.messages import ACCESS_BYTES

FORMS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "molto2": lambda code: code[:CUSTOMER_KEY_BYTES].hex(),
    "nitrokey-pro": lambda code: own_pin(AccessCode(code, in_force=True)).decode(),
    "yubikey-otp": lambda code: code[:ACCESS_BYTES].hex(),
}
"""By protocol family: hexadecimal customer key, admin PIN, hexadecimal slot access code."""
