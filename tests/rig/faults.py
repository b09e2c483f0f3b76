"""What can be wrong with an emulated fob or its cable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FaultKind(StrEnum):
    """The fault switches of the rig page; a test may combine several in one `Faults`."""

    NONE = "none"
    CUT = "cut"
    STALL = "stall"
    WRONG_CRC = "wrong_crc"
    STRAY_BYTES = "stray_bytes"
    MUTE = "mute"
    WRONG_SERIAL = "wrong_serial"
    LOW_BATTERY = "low_battery"
    WRONG_CLOCK = "wrong_clock"
    CLOCK_STOPPED = "clock_stopped"
    FLASH_BROKEN = "flash_broken"
    UNKNOWN_FIRMWARE = "unknown_firmware"
    NOT_GENUINE = "not_genuine"


WITH_REPORT: Final = frozenset({FaultKind.CUT, FaultKind.STALL, FaultKind.WRONG_CRC, FaultKind.STRAY_BYTES})
"""Faults that happen at one report, counted from 1 in both directions since the fob was opened."""

SEEN_WHEN_PLUGGED: Final = frozenset(
    {
        FaultKind.MUTE,
        FaultKind.WRONG_SERIAL,
        FaultKind.LOW_BATTERY,
        FaultKind.UNKNOWN_FIRMWARE,
        FaultKind.NOT_GENUINE,
    }
)
"""Faults that a station notices when it looks at a device, which it does once when the device is plugged in."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Every fault that is switched on. Report numbers count from 1, both directions, since the link was opened."""

    # the cable is out after this report has crossed: power and everything volatile are lost; happens once
    cut_after_report: int | None = None
    # nothing more is answered after this report, though the device is still there
    stall_after_report: int | None = None
    # the checksum of the first answer at or after this report is wrong
    wrong_crc_at_report: int | None = None
    # bytes that belong to nothing come before the first answer at or after this report
    stray_bytes_at_report: int | None = None
    # never answers at all
    mute: bool = False
    # another serial number than the printed and certified one is told
    serial: str | None = None
    # percent told in place of the real one
    battery_percent: int | None = None
    # how far the fob's own clock has run away, seconds
    clock_wrong_s: int = 0
    clock_stopped: bool = False
    flash_broken: bool = False
    firmware: tuple[int, int, int] | None = None
    # the device key's certificate is signed by nobody the world knows
    not_genuine: bool = False

    @classmethod
    def of(cls, kind: FaultKind, report: int = 1) -> Faults:
        """One switch of the rig page, with the report number where the fault has one."""
        return {
            FaultKind.NONE: cls(),
            FaultKind.CUT: cls(cut_after_report=report),
            FaultKind.STALL: cls(stall_after_report=report),
            FaultKind.WRONG_CRC: cls(wrong_crc_at_report=report),
            FaultKind.STRAY_BYTES: cls(stray_bytes_at_report=report),
            FaultKind.MUTE: cls(mute=True),
            FaultKind.WRONG_SERIAL: cls(serial="KF-999999"),
            FaultKind.LOW_BATTERY: cls(battery_percent=4),
            FaultKind.WRONG_CLOCK: cls(clock_wrong_s=3_600),
            FaultKind.CLOCK_STOPPED: cls(clock_stopped=True),
            FaultKind.FLASH_BROKEN: cls(flash_broken=True),
            FaultKind.UNKNOWN_FIRMWARE: cls(firmware=(99, 0, 0)),
            FaultKind.NOT_GENUINE: cls(not_genuine=True),
        }[kind]


NO_FAULTS: Final = Faults()
