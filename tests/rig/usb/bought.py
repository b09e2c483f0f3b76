"""The devices that one can buy, each in one model, as devices that can be plugged in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.rig.flipper_totp.device import EmulatedFlipper
from tests.rig.flipper_totp.usb import usb_plan as flipper_totp_plan
from tests.rig.molto2.device import SECOND, Molto2
from tests.rig.molto2.usb import usb_plan as molto2_plan
from tests.rig.nitrokey_pro.device import EmulatedNitrokey
from tests.rig.nitrokey_pro.usb import usb_plan as nitrokey_pro_plan
from tests.rig.onlykey.device import EmulatedOnlyKey
from tests.rig.onlykey.usb import usb_plan as onlykey_plan
from tests.rig.usb.emulated import Emulated, Make
from tests.rig.ykoath.device import OathKey
from tests.rig.ykoath.models import YUBIKEY_5_WITHOUT_KEYBOARD
from tests.rig.ykoath.usb import usb_plan as ykoath_plan
from tests.rig.yubikey_otp.device import EmulatedYubiKey
from tests.rig.yubikey_otp.usb import Applications
from tests.rig.yubikey_otp.usb import usb_plan as yubikey_otp_plan


def molto2(folder: Path, serial: str) -> Emulated:
    """A Molto-2 v2 whose up-arrow key is pressed whenever it asks; its display shows the first seed there is."""
    del folder
    token = Molto2(serial, SECOND, time.time)
    token.presses_at_once = True
    return Emulated(
        molto2_plan(token), token.press_up, lambda: next(filter(None, map(token.shows, range(100))), "")
    )


def nitrokey_pro(folder: Path, serial: str) -> Emulated:
    """A Nitrokey Pro 2, which has no button; its display is a companion program's. `serial` is hexadecimal."""
    del folder
    key = EmulatedNitrokey(int(serial, 16))
    return Emulated(
        nitrokey_pro_plan(key),
        display=lambda: key.companion_code(0x20, time.time()),
        take_time=key.take_time,
        worked_s=key.worked_s,
    )


def flipper_totp(folder: Path, serial: str) -> Emulated:
    """A Flipper Zero with its application open; `serial` is `FLIP_` and its name. The hand enters its PIN."""
    del folder
    flipper = EmulatedFlipper(time.time, name=serial[len("FLIP_") :].capitalize())
    return Emulated(
        flipper_totp_plan(flipper),
        flipper.enter_pin,
        lambda: flipper.display("KAGIYA kagiya-1"),
        worked_s=lambda: flipper.work.total_s,
    )


def onlykey(folder: Path, serial: str) -> Emulated:
    """An OnlyKey, which tells no serial number; its PIN is entered at once. The display is what slot 1 types."""
    del folder, serial
    key = EmulatedOnlyKey(time.time)
    key.pin_at_once = True
    return Emulated(onlykey_plan(key), key.enter_pin, lambda: key.press(1), key.take_time, key.worked_s)


def onlykey_locked(folder: Path, serial: str) -> Emulated:
    """An OnlyKey whose PIN nobody has entered yet."""
    del folder, serial
    key = EmulatedOnlyKey(time.time)
    return Emulated(onlykey_plan(key), key.enter_pin)


def ykoath(folder: Path, serial: str) -> Emulated:
    """A YubiKey 5 that shows no keyboard. `serial` is decimal; its display is a companion program's."""
    del folder
    key = OathKey(YUBIKEY_5_WITHOUT_KEYBOARD, int(serial).to_bytes(4, "big"))
    return Emulated(ykoath_plan(key), key.hand.touch, lambda: key.companion_code("kagiya-1", time.time()))


def yubikey_otp(folder: Path, serial: str) -> Emulated:
    """A YubiKey 5 with its keyboard alone."""
    del folder
    return _yubikey(serial, Applications.OTP)


def yubikey_5(folder: Path, serial: str) -> Emulated:
    """A YubiKey 5 that shows its FIDO interface too: the keyboard is the one to open.

    With its card reader it would be two devices to a station, for the card holds codes of its own.
    """
    del folder
    return _yubikey(serial, Applications.OTP_FIDO)


BOUGHT: Final[Mapping[str, Make]] = {
    "flipper-totp": flipper_totp,
    "molto2": molto2,
    "nitrokey-pro": nitrokey_pro,
    "onlykey": onlykey,
    "onlykey-locked": onlykey_locked,
    "ykoath": ykoath,
    "yubikey-5": yubikey_5,
    "yubikey-otp": yubikey_otp,
}


def _yubikey(serial: str, applications: Applications) -> Emulated:
    """`serial` is decimal. The display is what a companion program shows of slot 1, or what a touch types."""
    key = EmulatedYubiKey(int(serial))

    def display() -> str:
        return key.companion_code(1, time.time()) or key.touch().strip()

    plan = yubikey_otp_plan(key, applications)
    return Emulated(plan, lambda: _ignore(key.touch()), display, key.take_time, key.worked_s)


def _ignore(_value: object) -> None:
    """What a hand does has no answer."""
