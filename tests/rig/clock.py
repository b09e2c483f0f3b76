"""The rig's clock: the machine's time plus an offset that is kept in a file and so outlives a restart.

Server, fobs and app of a demo all read this one clock; nothing in the product knows of it.
"""

from __future__ import annotations

import json
import math
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from tests.rig.files import replace_json

JAPAN: Final = ZoneInfo("Asia/Tokyo")
MAX_OFFSET_S: Final = 50 * 366 * 86_400
"""Further than fifty years away from the machine's time nothing would fit the fobs' 32-bit clocks for long."""


class OffsetTooLarge(ValueError):
    """The clock would be moved more than `MAX_OFFSET_S` seconds away from the machine's time."""


class RigClock:
    """A clock with an offset in seconds. Safe between threads; other processes see moves through the file."""

    def __init__(self, data_dir: Path) -> None:
        """Reads `data_dir/clock.json` if there is one; the directory is made if missing."""
        data_dir.mkdir(parents=True, exist_ok=True)
        self._file = data_dir / "clock.json"
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._offset_s = 0
        self._refresh()

    @property
    def offset_s(self) -> int:
        """Seconds that this clock is ahead of the machine's."""
        with self._lock:
            self._refresh()
            return self._offset_s

    def now(self) -> datetime:
        """The rig's time, aware UTC."""
        return datetime.fromtimestamp(self.unix_time(), UTC)

    def unix_time(self) -> float:
        """The rig's time in seconds since 1970 UTC."""
        return time.time() + self.offset_s

    def advance(self, seconds: int) -> None:
        """Move the clock; negative goes back. Raises OffsetTooLarge and then moves nothing."""
        with self._lock:
            self._refresh()
            self._keep(self._offset_s + seconds)

    def advance_to(self, hour: int, minute: int, second: int) -> None:
        """Move forward to the next such time of day in Japan."""
        here = self.now().astimezone(JAPAN)
        target = here.replace(hour=hour, minute=minute, second=second, microsecond=0)
        if target <= here:
            target += timedelta(days=1)
        self.advance(math.ceil((target - here).total_seconds()))

    def _keep(self, offset_s: int) -> None:
        if abs(offset_s) > MAX_OFFSET_S:
            raise OffsetTooLarge(offset_s)
        replace_json(self._file, {"offset_s": offset_s})
        self._refresh()

    def _refresh(self) -> None:
        """Read the file again if somebody replaced it."""
        try:
            state = self._file.stat()
        except FileNotFoundError:
            return
        stamp = (state.st_ino, state.st_mtime_ns)
        if stamp != self._stamp:
            self._offset_s = int(json.loads(self._file.read_bytes())["offset_s"])
            self._stamp = stamp
