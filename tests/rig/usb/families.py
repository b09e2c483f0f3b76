"""Every family's emulators as devices that can be plugged in, for `python -m tests.rig attach` and the guest's tests.

To bring a family to the real USB stack, add a line to FAMILIES: what it is called here, the firmware profile by
which a station must recognise it, and a function that makes one device of a serial number. `folder` is the
device's own, for what lasts. tests/guest/inside/test_families.py then does everything with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.rig.drawer import FIRMWARE, MODEL
from tests.rig.fob.device import EmulatedFob
from tests.rig.fob.factory import Manufacturer
from tests.rig.fob.usb import cradle_plan, usb_plan
from tests.rig.molto2.device import SECOND, Molto2
from tests.rig.molto2.usb import usb_plan as molto2_plan
from tests.rig.nitrokey_pro.device import EmulatedNitrokey
from tests.rig.nitrokey_pro.usb import usb_plan as nitrokey_pro_plan
from tests.rig.onlykey.device import EmulatedOnlyKey
from tests.rig.onlykey.usb import usb_plan as onlykey_plan
from tests.rig.usb.plan import UsbPlan
from tests.rig.ykoath.device import OathKey
from tests.rig.ykoath.models import YUBIKEY_5
from tests.rig.ykoath.usb import usb_plan as ykoath_plan
from tests.rig.yubikey_otp.device import EmulatedYubiKey
from tests.rig.yubikey_otp.usb import usb_plan as yubikey_otp_plan


@dataclass(frozen=True)
class Emulated:
    """A device with what a person can do to it. `display`: the code that its customer gets now, or empty."""

    plan: UsbPlan
    press: Callable[[], None] = field(default=lambda: None)
    display: Callable[[], str] = field(default=lambda: "")


@dataclass(frozen=True)
class Family:
    """`make`: (folder, serial) → the device. `serial`: a number → a serial as this family's devices have it.

    `points`: at how many of a write's reports the cable is pulled in the guest; 0 means at every one.
    """

    profile: str
    make: Callable[[Path, str], Emulated]
    serial: Callable[[int], str]
    points: int = 6


def kagiya_fob(folder: Path, serial: str) -> Emulated:
    """A fob that is plugged in itself."""
    fob = _fob(folder, serial)
    return Emulated(usb_plan(fob), fob.press, lambda: fob.display().text)


def kagiya_cradle(folder: Path, serial: str) -> Emulated:
    """A fob in a cradle."""
    fob = _fob(folder, serial)
    return Emulated(cradle_plan(fob), fob.press, lambda: fob.display().text)


def molto2(folder: Path, serial: str) -> Emulated:
    """A Molto-2 v2; its display is on the first profile that has a seed."""
    del folder
    token = Molto2(serial, SECOND, time.time)
    return Emulated(
        molto2_plan(token), token.press_up, lambda: next(filter(None, map(token.shows, range(100))), "")
    )


def nitrokey_pro(folder: Path, serial: str) -> Emulated:
    """A Nitrokey Pro 2, which has neither display nor button. `serial` is hexadecimal."""
    del folder
    return Emulated(nitrokey_pro_plan(EmulatedNitrokey(int(serial, 16))))


def onlykey(folder: Path, serial: str) -> Emulated:
    """An OnlyKey, which tells no serial number. The hand enters its PIN; the display is what slot 1 types."""
    del folder, serial
    key = EmulatedOnlyKey(time.time)
    return Emulated(onlykey_plan(key), key.enter_pin, lambda: key.press(1))


def ykoath(folder: Path, serial: str) -> Emulated:
    """A YubiKey 5 with its smart-card interface. `serial` is decimal."""
    del folder
    key = OathKey(YUBIKEY_5, int(serial).to_bytes(4, "big"))
    return Emulated(ykoath_plan(key), key.hand.touch)


def yubikey_otp(folder: Path, serial: str) -> Emulated:
    """A YubiKey 5 with its keyboard alone. `serial` is decimal; the display is what a short touch types."""
    del folder
    key = EmulatedYubiKey(int(serial))
    return Emulated(yubikey_otp_plan(key), lambda: key.touch() and None, lambda: key.touch().strip())


FAMILIES: Final[Mapping[str, Family]] = {
    "kagiya-fob": Family("kagiya-fob", kagiya_fob, "KF-{:06}".format, points=0),
    "kagiya-cradle": Family("kagiya-fob", kagiya_cradle, "KC-{:06}".format),
}


def _fob(folder: Path, serial: str) -> EmulatedFob:
    """All fobs beside each other come from one manufacturer."""
    if (folder / "case.json").exists():
        return EmulatedFob.from_directory(folder, time.time)
    case = Manufacturer.in_directory(folder.parent).make_case(serial, MODEL, FIRMWARE)
    fob = EmulatedFob(folder, case, time.time)
    fob.store(folder)
    return fob
