"""Whether this server's time can be relied upon (R04). Only server time counts; a doubt refuses every code."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from provisioning.errors import ClockUntrusted

JUMP_TOLERANCE: Final = timedelta(seconds=60)
"""How far back time may step (corrections by NTP, requests that waited) without being a jump."""

_TIMEX_BYTES: Final = 512  # struct timex has 208 bytes on 64-bit Linux
_TIME_ERROR: Final = 5


def kernel_synchronised() -> bool:
    """What the kernel says about its own clock: adjtimex(2), asked without changing anything."""
    state: int = _adjtimex()(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= state < _TIME_ERROR


@cache
def _adjtimex() -> Any:
    return ctypes.CDLL(None).adjtimex


def not_asked() -> bool:
    """For the demo and for tests, whose clock is moved on purpose."""
    return True


class ClockGuard:
    """Remembers the latest time this process accepted. Safe to share between threads."""

    def __init__(self, synchronised: Callable[[], bool] = not_asked) -> None:
        """`synchronised` tells whether the clock follows a time source, at the moment it is called."""
        self._synchronised = synchronised
        self._latest: datetime | None = None
        self._lock = threading.Lock()

    def check(self, now: datetime) -> None:
        """Raises ClockUntrusted if the clock is not synchronised or jumped back since the last call."""
        if not self._synchronised():
            raise ClockUntrusted
        with self._lock:
            if self._latest is not None and now < self._latest - JUMP_TOLERANCE:
                raise ClockUntrusted
            self._latest = now if self._latest is None else max(now, self._latest)
