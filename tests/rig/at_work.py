"""How long an emulated device is busy with what it was told, and how long it has been altogether."""

from __future__ import annotations

import time
from collections.abc import Callable


class AtWork:
    """The device's own processing by its stated times. Guarded by the device's lock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until_s = 0.0
        self.total_s = 0.0

    @property
    def busy(self) -> bool:
        """Whether it has not finished yet."""
        return self._clock() < self._until_s

    def begin(self, seconds: float) -> None:
        """From now on for so long. What it was told in the same breath goes on beside it."""
        now_s = self._clock()
        until_s = max(self._until_s, now_s + seconds)
        self.total_s += until_s - max(self._until_s, now_s)
        self._until_s = until_s

    def stop(self) -> None:
        """The power is out."""
        self._until_s = 0.0
