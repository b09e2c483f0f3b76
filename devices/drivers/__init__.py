"""One package or file per protocol family, and the one table of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from devices.driver import DriverClass
from devices.drivers.flipper_totp.driver import FlipperTotp
from devices.drivers.kagiya_fob.driver import KagiyaFob
from devices.drivers.molto2.driver import Molto2
from devices.drivers.nitrokey_pro.driver import NitrokeyPro
from devices.drivers.onlykey.driver import OnlyKey
from devices.drivers.ykoath.driver import YkOath
from devices.drivers.yubikey_otp.driver import YubiKeyOtp

DRIVERS: Final[Mapping[str, DriverClass]] = {
    "flipper-totp": FlipperTotp,
    "kagiya-fob": KagiyaFob,
    "molto2": Molto2,
    "nitrokey-pro": NitrokeyPro,
    "onlykey": OnlyKey,
    "ykoath": YkOath,
    "yubikey-otp": YubiKeyOtp,
}
