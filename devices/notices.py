"""What people must know of a device before anything is written into it; words are found at the face."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from devices.profiles import Ability, ClockKept, CodeShown, FirmwareProfile, OtpType, SerialSource


class Notice(StrEnum):
    """One thing to know, in the order in which it is told."""

    COMPANION = "companion"
    CLOCK_WHILE_POWERED = "clock_while_powered"
    NO_CLOCK = "no_clock"
    DEVICE_TYPES = "device_types"
    BY_COUNTER = "by_counter"
    TYPE_FROM_DISPLAY = "type_from_display"
    TYPE_FROM_COMPANION = "type_from_companion"
    PRESS_TO_PROVE = "press_to_prove"
    LABEL = "label"
    LOCKED = "locked"


FOR_CUSTOMER: Final = frozenset(
    {Notice.COMPANION, Notice.CLOCK_WHILE_POWERED, Notice.NO_CLOCK, Notice.DEVICE_TYPES, Notice.BY_COUNTER}
)
"""Those that still hold when the fob has been written."""
_SHOWN: Final = {CodeShown.COMPANION: Notice.COMPANION, CodeShown.TYPED: Notice.DEVICE_TYPES}
_PROOF: Final = {
    CodeShown.DISPLAY: Notice.TYPE_FROM_DISPLAY,
    CodeShown.COMPANION: Notice.TYPE_FROM_COMPANION,
    CodeShown.TYPED: Notice.PRESS_TO_PROVE,
}
_CLOCK: Final = {ClockKept.WHILE_POWERED: Notice.CLOCK_WHILE_POWERED, ClockKept.NONE: Notice.NO_CLOCK}


def notices(profile: FirmwareProfile, otp_type: OtpType) -> tuple[Notice, ...]:
    """What holds for a credential of that type in a device of that profile."""
    shown, abilities = profile.use.shown(otp_type), profile.abilities
    found = [
        _SHOWN.get(shown) if shown else None,
        _CLOCK.get(profile.use.clock) if otp_type is OtpType.TOTP else Notice.BY_COUNTER,
        _PROOF[shown] if shown and Ability.READS_CODE not in abilities else None,
        Notice.LABEL if profile.use.serial is SerialSource.LABEL else None,
        Notice.LOCKED if Ability.LOCKS_WITH_CODE in abilities else None,
    ]
    return tuple(notice for notice in found if notice is not None)
