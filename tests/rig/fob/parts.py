"""What an emulated fob is made of, as its commands see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.rig.faults import NO_FAULTS, Faults
from tests.rig.fob.battery_memory import CounterMemory, FobClock
from tests.rig.fob.factory import Case, forged_certificate, padded
from tests.rig.fob.flash import Flash

_LIMITS: Final = bytes([64, 0b11, 0b111, 0b11, 0b11])
"""§4, offsets 16 to 20: seeds up to 64 bytes, TOTP and HOTP, all three hashes, 6 and 8 digits, 30 and 60 s."""


@dataclass
class Parts:
    """Case, flash, clock, counter and battery, with the faults that are switched on."""

    case: Case
    flash: Flash
    clock: FobClock
    counter: CounterMemory
    full_battery_percent: int = 87
    faults: Faults = NO_FAULTS

    @property
    def battery_percent(self) -> int:
        """Percent left, or what a fault makes of it."""
        told = self.faults.battery_percent
        return self.full_battery_percent if told is None else told

    @property
    def told_serial(self) -> str:
        """The serial number it names, the printed one unless a fault changes it."""
        return self.faults.serial or self.case.serial

    @property
    def firmware(self) -> tuple[int, int, int]:
        """Major, minor, patch."""
        return self.faults.firmware or self.case.firmware

    @property
    def certificate(self) -> bytes:
        """177 bytes; a fake under the fault `not_genuine`."""
        return forged_certificate(self.case) if self.faults.not_genuine else self.case.certificate

    def identity(self, *, session_open: bool) -> bytes:
        """The 56 bytes of §4."""
        record = self.flash.record
        flags = self.clock.is_set | (record.credential is not None) << 1 | session_open << 2
        return (
            bytes([1, flags, self.battery_percent, 1])
            + self.clock.unix_time().to_bytes(8, "big")
            + record.generation.to_bytes(4, "big")
            + _LIMITS
            + bytes(self.firmware)
            + padded(self.told_serial)
            + padded(self.case.model)
        )
