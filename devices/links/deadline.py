"""How long a wait may still last."""

from __future__ import annotations

from time import monotonic

from devices.errors import LinkTimeout


class Deadline:
    """The end of a wait on the link at `path` that begins when this is made and lasts `timeout_s` at most."""

    def __init__(self, path: str, timeout_s: float) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._end_s = monotonic() + timeout_s

    @property
    def is_over(self) -> bool:
        """Whether all its time has gone."""
        return monotonic() >= self._end_s

    def left_s(self) -> float:
        """What is left of it, more than 0. Raises LinkTimeout."""
        left_s = self._end_s - monotonic()
        if left_s <= 0:
            raise LinkTimeout(self._path, waited_s=self._timeout_s)
        return left_s
