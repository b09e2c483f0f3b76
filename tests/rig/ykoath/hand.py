"""The hand on the key: a touch that is waited for, with time extensions while it does not come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Hand:
    """`at_once`: the finger is on the key already. `patience_s`: how long the key waits."""

    def __init__(self) -> None:
        self.at_once = False
        self.patience_s = 15.0
        self.step_s = 0.05
        self._touched = threading.Event()
        self._gone = threading.Event()

    def touch(self) -> None:
        """Counts if the key waits for it now."""
        self._touched.set()

    def let_go(self) -> None:
        """Power is lost: nothing is waited for any more."""
        self._gone.set()

    def power(self) -> None:
        """Power is there."""
        self._gone.clear()

    def wait(self, extend: Callable[[], None]) -> bool:
        """Whether a touch came in time."""
        self._touched.clear()
        until_s = time.monotonic() + self.patience_s
        extend()
        while not (self.at_once or self._gone.is_set()):
            if self._touched.wait(self.step_s):
                return True
            if time.monotonic() > until_s:
                return False
            extend()
        return self.at_once and not self._gone.is_set()
