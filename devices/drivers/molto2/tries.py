"""How many wrong customer keys each token still takes, as far as this station was told or has heard.

A Molto-2 tells it only in its answer to a wrong one, so that a driver that forgot would burn the last try.
"""

from __future__ import annotations

import threading

from devices.errors import LastTry


class TriesLeft:
    """Serial number → tries. Safe between threads; forgotten when the station's program ends."""

    def __init__(self) -> None:
        self._left: dict[str, int] = {}
        self._lock = threading.Lock()

    def told(self, serial: str, left: int) -> None:
        """The token's answer to a wrong key."""
        with self._lock:
            self._left[serial] = left

    def heard(self, serial: str, left: int) -> None:
        """What the server knows from some station; what this one was told later may be fewer."""
        with self._lock:
            self._left[serial] = min(left, self._left.get(serial, left))

    def forget(self, serial: str) -> None:
        """The right key has set the token's counter back."""
        with self._lock:
            self._left.pop(serial, None)

    def check(self, serial: str) -> None:
        """Raises LastTry where a wrong key would be the last one."""
        with self._lock:
            left = self._left.get(serial)
        if left is not None and left <= 1:
            raise LastTry(left)


TOLD = TriesLeft()
"""This program's memory."""
