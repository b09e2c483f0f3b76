"""Unwrapped data keys of the last minutes, so that a code rarely waits for a key-encryption key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Final

MOST: Final = 1_000
LIFE_S: Final = 300.0


class DataKeys:
    """At most `most` keys, each for at most `life_s` seconds after it was unwrapped. Safe between threads.

    They go, the oldest first, as others come or are asked for, or by `forget_old`. Using a key does not lengthen
    its life: after `life_s` the key-encryption key is asked again, and whoever has taken that away is obeyed.
    """

    def __init__(self, most: int = MOST, life_s: float = LIFE_S, clock: Callable[[], float] = monotonic) -> None:
        self._most, self._life_s, self._clock = most, life_s, clock
        self._lock = threading.Lock()
        # in the order of their ages
        self._keys: dict[Hashable, tuple[float, bytes]] = {}

    def __repr__(self) -> str:
        return f"DataKeys({len(self)})"

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, name: Hashable) -> bytes | None:
        """The key, if it is known and not too old."""
        with self._lock:
            self._forget_old()
            found = self._keys.get(name)
            return None if found is None else found[1]

    def put(self, name: Hashable, key: bytes) -> None:
        """Keep a key that was just unwrapped."""
        with self._lock:
            self._keys.pop(name, None)
            self._keys[name] = (self._clock(), key)
            self._forget_old()
            if len(self._keys) > self._most:
                del self._keys[next(iter(self._keys))]

    def forget_old(self) -> None:
        """Those that are too old, where nobody asks for others."""
        with self._lock:
            self._forget_old()

    def _forget_old(self) -> None:
        born_after = self._clock() - self._life_s
        while self._keys and next(iter(self._keys.values()))[0] <= born_after:
            del self._keys[next(iter(self._keys))]
