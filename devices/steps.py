"""How far one act with a device has come: what crosses its wire is counted, and told to whoever watches."""

from __future__ import annotations

from devices.driver import OnProgress


class Steps:
    """The reports (transfers, exchanges) of one act, both ways.

    How many there will be is a guess where a device may be asked again: the last one is told by `end` alone.
    """

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._expected = 0
        self._done = 0

    def begin(self, expected: int) -> None:
        """An act of about so many steps begins; outside an act nothing is told."""
        self._expected, self._done = expected, 0

    def add(self, more: int) -> None:
        """The act turns out to be so much longer."""
        self._expected += more

    def crossed(self) -> None:
        """One more."""
        self._done += 1
        if self._done < self._expected:
            self._on_progress(self._done, self._expected)

    def end(self) -> int:
        """The act is done: how many steps it took."""
        self._on_progress(self._expected, self._expected)
        self._expected = 0
        return self._done
