"""The device itself: what its application holds, its clock, and what its owner does with the buttons."""

from __future__ import annotations

import calendar
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.rig.at_work import AtWork

DIGITS: Final = (5, 6, 8)
PERIODS_S: Final = range(15, 256)
ALGORITHMS: Final = ("sha1", "sha256", "sha512")


@dataclass(frozen=True, slots=True)
class Token:
    """One entry of the application's list. Several may have one name."""

    name: str
    seed: bytes = field(repr=False)
    algorithm: str = "sha1"
    digits: int = 6
    period_s: int = 30

    def code(self, unix_time: int) -> str:
        """RFC 6238."""
        digest = hmac.digest(self.seed, (unix_time // self.period_s).to_bytes(8, "big"), self.algorithm)
        start = digest[-1] & 0x0F
        number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
        return str(number % 10**self.digits).zfill(self.digits)


class EmulatedFlipper:
    """It has a battery: pulling the cable ends the console's talk and nothing else.

    The real-time clock runs in the owner's own time, and the application takes `timezone_h` hours off it.
    `old_firmware` words the missing command differently. `storage_broken`: the card cannot be written.
    """

    def __init__(
        self, world_unix_time: Callable[[], float], *, name: str = "Atiw", app_version: str = "5.19.0"
    ) -> None:
        self.name = name
        self.app_version = app_version
        self.app_open = True
        self.locked = False
        self.old_firmware = False
        self.storage_broken = False
        self.clock_stuck = False
        self.tokens: list[Token] = []
        self.timezone_h = 9.0
        self.work = AtWork()
        self._world = world_unix_time
        self._rtc_ahead_s = 9 * 3600.0

    def open_app(self) -> None:
        """The owner starts the application; with a PIN it asks for it."""
        self.app_open = True

    def enter_pin(self) -> None:
        """The right arrows."""
        self.locked = False

    def rtc(self) -> datetime:
        """What its clock shows, without a zone."""
        shown = datetime.fromtimestamp(int(self._world() + self._rtc_ahead_s), UTC)
        return shown.replace(tzinfo=None)

    def set_rtc(self, shown: datetime) -> None:
        """Set the clock, unless it is stuck."""
        if not self.clock_stuck:
            self._rtc_ahead_s = calendar.timegm(shown.timetuple()) - self._world()

    def unix_time(self) -> int:
        """The time that the application reckons with."""
        shown = self.rtc() - timedelta(hours=self.timezone_h)
        return calendar.timegm(shown.timetuple())

    def display(self, name: str) -> str:
        """The code of the last token of that name; nothing without one."""
        named = [token for token in self.tokens if token.name == name]
        return named[-1].code(self.unix_time()) if named and self.app_open and not self.locked else ""
