"""When the host controller comes by: once in an endpoint's interval, and one visit carries one report."""

from __future__ import annotations

import time


class Visits:
    """One endpoint's visits from the opening of a link on. An interval of 0 lets everything cross at once."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._began_s = time.monotonic()
        self._last = 0

    def next_s(self) -> float:
        """The instant (monotonic) of the next visit that nothing used yet; it is used now."""
        if not self._interval_s:
            return self._began_s
        passed = int((time.monotonic() - self._began_s) / self._interval_s)
        self._last = max(passed, self._last) + 1
        return self._began_s + self._last * self._interval_s
