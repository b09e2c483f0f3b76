"""The udev rules that open the profiles' nodes, and no others, to the station's group.

Exact ids and interfaces only: a rule for every HID node would make every keyboard readable. ModemManager, which
writes into new serial ports, is told to keep away. The file's number is below 73, where seats get their rights.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from devices.links import Transport
from devices.links.rule import GROUP, RULES_FILE
from devices.profiles import FirmwareProfile, Match

_HEAD: Final = f"""\
# Made by `kagiya udev` from the firmware profiles; do not edit.
# Make the group ({GROUP}) first and add the station's user to it; install this as {RULES_FILE},
# then `udevadm control --reload`, and put the devices in again. udevd does not see a group that comes later.
ACTION=="remove", GOTO="kagiya_end"
"""
_TAIL: Final = 'LABEL="kagiya_end"\n'
_OPEN: Final = f'GROUP="{GROUP}", MODE="0660"'
_NO_MODEM: Final = 'ENV{ID_MM_DEVICE_IGNORE}="1"'


def render(profiles: Iterable[FirmwareProfile]) -> str:
    """The whole rules file, the same for the same profiles."""
    parts = [_HEAD]
    told: set[str] = set()
    for profile in sorted(profiles, key=lambda profile: profile.name):
        for match in profile.match:
            lines = [line for line in _lines(match) if line not in told]
            told.update(lines)
            parts += [f"\n# {profile.device.title} ({profile.name}), {match.bus}\n", *lines] if lines else []
    return "".join([*parts, "\n", _TAIL])


def is_current(file: Path, profiles: Iterable[FirmwareProfile]) -> bool:
    """Whether `file` is what `render` gives now."""
    try:
        return file.read_text(encoding="utf-8") == render(profiles)
    except OSError:
        return False


def _lines(match: Match) -> list[str]:
    return {Transport.HID: _hid, Transport.SERIAL: _serial, Transport.USB: _usb}[match.bus](match)


def _hid(match: Match) -> list[str]:
    """A hidraw node names its interface (…:1.0) and its ids only in its path; 0003 is the USB bus."""
    interface = "*/" if match.interface is None else f"*:*.{match.interface}/"
    path = f"{interface}0003:{match.vendor_id:04X}:{match.product_id:04X}.*"
    product = f', ATTRS{{product}}=="{match.product}"' if match.product else ""
    return [f'SUBSYSTEM=="hidraw", DEVPATH=="{path}"{product}, {_OPEN}\n']


def _serial(match: Match) -> list[str]:
    ids = f'ATTRS{{idVendor}}=="{match.vendor_id:04x}", ATTRS{{idProduct}}=="{match.product_id:04x}"'
    if match.serial_prefix:
        ids += f', ATTRS{{serial}}=="{match.serial_prefix}*"'
    return [_usb_device(match, _NO_MODEM), f'SUBSYSTEM=="tty", {ids}, {_OPEN}, {_NO_MODEM}\n']


def _usb(match: Match) -> list[str]:
    return [_usb_device(match, f"{_OPEN}, {_NO_MODEM}")]


def _usb_device(match: Match, act: str) -> str:
    ids = f'ATTR{{idVendor}}=="{match.vendor_id:04x}", ATTR{{idProduct}}=="{match.product_id:04x}"'
    if match.serial_prefix:
        ids += f', ATTR{{serial}}=="{match.serial_prefix}*"'
    return f'SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_device", {ids}, {act}\n'
