"""Devices that are not as their makers make them: more beside the right interface, or else in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.rig.molto2.usb import BOOT_KEYBOARD
from tests.rig.usb.emulated import Emulated, Make
from tests.rig.usb.plan import AcmInterface, HidInterface, UsbPlan
from tests.rig.ykoath.usb import FIDO


class Mute:
    """A serial port that hears everything and says nothing (ConsoleGadget)."""

    def set_dtr(self, *, raised: bool) -> None:
        """It does not matter."""

    def take_bytes(self, data: bytes) -> None:
        """Not even an echo."""

    def next_bytes(self, size: int) -> bytes:
        """Nothing."""
        del size
        return b""


def with_keyboard(make: Make) -> Make:
    """It has a keyboard behind it, as its interface 1."""
    return _changed(make, lambda plan: replace(plan, interfaces=(*plan.interfaces, _keyboard(1))))


def with_second_port(make: Make) -> Make:
    """A bridge that shows another serial port behind the right one, as modems do."""
    return _changed(make, lambda plan: replace(plan, interfaces=(*plan.interfaces, AcmInterface(2, Mute()))))


def behind_keyboard(make: Make) -> Make:
    """Interface 0 is a keyboard, and what its ids promise is at interface 1."""
    return _changed(make, lambda plan: _behind(plan, _keyboard(0)))


def misplaced(make: Make) -> Make:
    """The right ids, and not the device: a serial port is another maker's, other interfaces are one further."""
    return _changed(make, _misplaced)


def _misplaced(plan: UsbPlan) -> UsbPlan:
    if any(isinstance(part, AcmInterface) for part in plan.interfaces):
        return replace(plan, manufacturer="ST", product="Virtual ComPort", serial="2053")
    return _behind(plan, HidInterface(0, FIDO, interval_ms=2))


def _behind(plan: UsbPlan, first: HidInterface) -> UsbPlan:
    moved = [replace(part, number=part.number + 1) for part in plan.interfaces]
    return replace(plan, interfaces=(first, *moved))


def _changed(make: Make, change: Callable[[UsbPlan], UsbPlan]) -> Make:
    def made(folder: Path, serial: str) -> Emulated:
        device = make(folder, serial)
        return replace(device, plan=change(device.plan))

    return made


def _keyboard(number: int) -> HidInterface:
    return HidInterface(number, BOOT_KEYBOARD, 10, report_bytes=8, protocol=1, has_out_endpoint=False)
