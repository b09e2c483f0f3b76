"""Every family's emulators as devices that can be plugged in, by `python -m tests.rig attach` and in the guest.

To bring a family to the real USB stack, add a line to FAMILIES: what it is called here, the firmware profile by
which a station must recognise it, and a function that makes one device of a serial number. `folder` is the
device's own, for what lasts. tests/guest/inside/test_families.py then does everything with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.rig.drawer import FIRMWARE, MODEL
from tests.rig.fob.device import EmulatedFob
from tests.rig.fob.factory import Manufacturer
from tests.rig.fob.usb import cradle_plan, usb_plan
from tests.rig.usb.bought import BOUGHT
from tests.rig.usb.emulated import Emulated, Make
from tests.rig.usb.oddities import behind_keyboard, misplaced, with_keyboard, with_second_port
from tests.rig.usb.plan import UsbPlan


@dataclass(frozen=True)
class Family:
    """`make`: (folder, serial) → the device. `serial`: a number → a serial as this family's devices have it.

    `wanted`: digits and seconds of the institution that it is written for.
    """

    profile: str
    make: Make
    serial: Callable[[int], str]
    wanted: tuple[int, int] = (8, 60)


def kagiya_fob(folder: Path, serial: str) -> Emulated:
    """A fob that is plugged in itself."""
    fob = _fob(folder, serial)
    return _emulated(fob, usb_plan(fob))


def kagiya_cradle(folder: Path, serial: str) -> Emulated:
    """A fob in a cradle."""
    fob = _fob(folder, serial)
    return _emulated(fob, cradle_plan(fob))


FAMILIES: Final[Mapping[str, Family]] = {
    "kagiya-fob": Family("kagiya-fob", kagiya_fob, "KF-{:06}".format),
    "kagiya-cradle": Family("kagiya-fob", kagiya_cradle, "KC-{:06}".format),
    "yubikey-5": Family("yubikey-5", BOUGHT["yubikey-5"], lambda number: str(8_000_000 + number)),
    "molto2": Family("molto2-v2", BOUGHT["molto2"], lambda number: str(826_658_719_000_000 + number)),
    "nitrokey-pro": Family("nitrokey-pro", BOUGHT["nitrokey-pro"], "{:08X}".format),
    "flipper-totp": Family("flipper-totp", BOUGHT["flipper-totp"], "FLIP_KAGI{}".format),
    "onlykey": Family("onlykey", BOUGHT["onlykey"], "OK-{:06}".format, wanted=(6, 30)),
    "ykoath": Family("yubikey-5-oath", BOUGHT["ykoath"], lambda number: str(9_000_000 + number)),
}

MODELS: Final[Mapping[str, Family]] = {
    "canokey": Family("canokey", BOUGHT["canokey"], "CA{:06X}".format),
    "librem-key": Family("librem-key", BOUGHT["librem-key"], "{:08X}".format),
    "molto2-v1": Family("molto2-v1", BOUGHT["molto2-v1"], lambda number: str(826_658_718_000_000 + number)),
    "nitrokey-3": Family("nitrokey-3", BOUGHT["nitrokey-3"], "A3{:06X}".format),
    "nitrokey-storage": Family("nitrokey-storage", BOUGHT["nitrokey-storage"], "{:08X}".format),
    "onlykey-duo": Family("onlykey-duo", BOUGHT["onlykey-duo"], "OD-{:06}".format, wanted=(6, 30)),
    "yubikey-2": Family("yubikey-2", BOUGHT["yubikey-2"], lambda number: str(2_000_000 + number)),
    "yubikey-4": Family("yubikey-4", BOUGHT["yubikey-4"], lambda number: str(6_000_000 + number)),
    "yubikey-neo": Family("yubikey-neo", BOUGHT["yubikey-neo"], lambda number: str(3_000_000 + number)),
}
"""The families' other models: tests/guest/inside/test_rights.py."""

ODDITIES: Final[Mapping[str, Family]] = {
    "kagiya-beside-keyboard": Family("kagiya-fob", with_keyboard(kagiya_fob), "KB-{:06}".format),
    "kagiya-behind-keyboard": Family("kagiya-fob", behind_keyboard(kagiya_fob), "KX-{:06}".format),
    "kagiya-two-port-cradle": Family("kagiya-fob", with_second_port(kagiya_cradle), "KT-{:06}".format),
}
"""Devices for tests of their own."""

MISPLACED: Final[Mapping[str, Family]] = {
    f"misplaced-{name}": replace(family, make=misplaced(family.make))
    for name, family in FAMILIES.items()
    # whatever has a cradle's ids is one
    if name != "kagiya-cradle"
}
"""None of these is what its ids promise."""

KINDS: Final[Mapping[str, Family]] = {**FAMILIES, **MODELS, **ODDITIES, **MISPLACED}

DEVICES: Final[Mapping[str, Make]] = {
    **BOUGHT,
    **{name: family.make for name, family in KINDS.items()},
}
"""Whatever can be plugged in, by the name that `python -m tests.rig attach` knows."""


def _emulated(fob: EmulatedFob, plan: UsbPlan) -> Emulated:
    return Emulated(plan, fob.press, lambda: fob.display().text, lambda: fob.parts.flash.record)


def _fob(folder: Path, serial: str) -> EmulatedFob:
    """All fobs beside each other come from one manufacturer."""
    if (folder / "case.json").exists():
        return EmulatedFob.from_directory(folder, time.time)
    case = Manufacturer.in_directory(folder.parent).make_case(serial, MODEL, FIRMWARE)
    fob = EmulatedFob(folder, case, time.time)
    fob.store(folder)
    return fob
