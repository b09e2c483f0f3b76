"""Every family's emulator as something that can be plugged in, by the family's name.

A family adds its line to FAMILIES: a function that makes one device. `folder` is its own, for what lasts.
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
from tests.rig.usb.plan import UsbPlan


@dataclass(frozen=True)
class Emulated:
    """A device with what a person can do to it. `display`: the code that its customer gets now, or empty."""

    plan: UsbPlan
    press: Callable[[], None] = field(default=lambda: None)
    display: Callable[[], str] = field(default=lambda: "")


Make = Callable[[Path, str], Emulated]
"""(folder, serial) → the device."""


def kagiya_fob(folder: Path, serial: str) -> Emulated:
    """A fob that is plugged in itself."""
    fob = _fob(folder, serial)
    return Emulated(usb_plan(fob), fob.press, lambda: fob.display().text)


def kagiya_cradle(folder: Path, serial: str) -> Emulated:
    """A fob in a cradle."""
    fob = _fob(folder, serial)
    return Emulated(cradle_plan(fob), fob.press, lambda: fob.display().text)


FAMILIES: Final[Mapping[str, Make]] = {
    "kagiya-fob": kagiya_fob,
    "kagiya-cradle": kagiya_cradle,
}


def _fob(folder: Path, serial: str) -> EmulatedFob:
    """All fobs beside each other come from one manufacturer."""
    if (folder / "case.json").exists():
        return EmulatedFob.from_directory(folder, time.time)
    case = Manufacturer.in_directory(folder.parent).make_case(serial, MODEL, FIRMWARE)
    fob = EmulatedFob(folder, case, time.time)
    fob.store(folder)
    return fob
