"""What the fob's battery keeps besides the flash: the running clock and the HOTP counter."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.rig.files import replace_json


class FobClock:
    """A clock that runs on the battery through unplugging and restarts; unset in a new fob."""

    def __init__(self, file: Path, world_unix_time: Callable[[], float]) -> None:
        """`world_unix_time` is the time outside (the rig's); the fob keeps its distance from it in `file`."""
        self._file = file
        self._world = world_unix_time
        kept = _load(file)
        self._ahead_s: float | None = kept.get("ahead_s")
        self._faltered: bool = kept.get("faltered", False)
        # set by faults: seconds that the clock has run away, and a crystal that does not swing
        self.wrong_by_s = 0
        self.stopped = False

    @property
    def is_set(self) -> bool:
        """Whether the clock was set and has run since."""
        return self._ahead_s is not None and not self._faltered and not self.stopped

    def unix_time(self) -> int:
        """Whole seconds since 1970; 0 when never set."""
        if self._ahead_s is None:
            return 0
        return max(0, int(self._world() + self._ahead_s) + self.wrong_by_s)

    def set(self, unix_time: int) -> None:
        """Set to a whole second; it runs on from there."""
        self._ahead_s, self._faltered = unix_time - self._world(), False
        self._keep()

    def falter(self) -> None:
        """It stood still for a moment: the time is told, but no longer as set (§4, flag bit 0)."""
        self._faltered = True
        self._keep()

    def change_battery(self) -> None:
        """The battery was out: the clock is no longer set."""
        self._ahead_s = None
        self._file.unlink(missing_ok=True)

    def _keep(self) -> None:
        replace_json(self._file, {"ahead_s": self._ahead_s, "faltered": self._faltered})


class CounterMemory:
    """The next HOTP counter, kept beside the generation it belongs to, so that a new credential starts anew."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def take(self, generation: int, first: int) -> int:
        """The counter whose code may be shown now. It is stored as used before this returns (§8)."""
        kept = _load(self._file)
        counter: int = kept["next"] if kept.get("generation") == generation else first
        replace_json(self._file, {"generation": generation, "next": counter + 1})
        return counter


def _load(file: Path) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    return value
