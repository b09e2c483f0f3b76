"""An emulated device with the hands and eyes of the person before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.rig.usb.plan import UsbPlan


@dataclass(frozen=True)
class Emulated:
    """A device with what a person can do to it. `display`: the code that its customer gets now, or empty.

    `held`: what it keeps of secrets; only whether that changes is of interest.
    `take_time`: from now on it takes as long over everything as a real one. `worked_s`: how long it was at work by
    that, or rested between its answers; a device whose times nobody states never was.
    """

    plan: UsbPlan
    press: Callable[[], None] = field(default=lambda: None)
    display: Callable[[], str] = field(default=lambda: "")
    held: Callable[[], object] = field(default=lambda: None)
    take_time: Callable[[], None] = field(default=lambda: None)
    worked_s: Callable[[], float] = field(default=lambda: 0.0)


Make = Callable[[Path, str], Emulated]
"""(the device's own folder, for what lasts; its serial number) → the device."""
