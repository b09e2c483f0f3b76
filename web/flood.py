"""A flood guard: so many requests at once, so many a second after that. Per process, in memory.

It keeps a mistaken loop from eating the server. It protects no secret: wrong codes are counted in the
database, where they hold across processes and restarts (R15).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from werkzeug.exceptions import TooManyRequests

_MOST_KEYS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """`burst` requests at once, `per_s` more a second."""

    burst: int
    per_s: float


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime


class FloodGuard:
    """One token bucket for each key; the longest unused are forgotten. Safe to share between threads."""

    def __init__(self, allowance: Allowance) -> None:
        """Every key has the same `allowance`."""
        self._allowance = allowance
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, key: str, now: datetime) -> None:
        """Take one token of `key`. Raises TooManyRequests (429) if there is none."""
        with self._lock:
            bucket = self._buckets.setdefault(key, _Bucket(self._allowance.burst, now))
            self._buckets.move_to_end(key)
            if len(self._buckets) > _MOST_KEYS:
                self._buckets.popitem(last=False)
            passed_s = max(0.0, (now - bucket.at).total_seconds())
            bucket.tokens = min(float(self._allowance.burst), bucket.tokens + passed_s * self._allowance.per_s)
            bucket.at = now
            if bucket.tokens < 1:
                raise TooManyRequests(retry_after=max(1, round(1 / self._allowance.per_s)))
            bucket.tokens -= 1
