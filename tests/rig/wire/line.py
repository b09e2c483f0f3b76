"""One open line between host and fob: counts what crosses and lets the fob's faults happen at their report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.rig.fob.device import FRAME_REFUSAL, EmulatedFob
from tests.rig.wire.socket import ReportHook


class Line:
    """A report is 64 bytes over HID, a whole frame over serial; both directions count, from 1."""

    def __init__(self, fob: EmulatedFob, pull_out: Callable[[], None], on_report: ReportHook) -> None:
        self._fob = fob
        self._pull_out = pull_out
        self._on_report = on_report
        self._reports = 0
        self._done: set[str] = set()

    @property
    def silent(self) -> bool:
        """Whether the fob neither reads nor answers (any more)."""
        faults = self._fob.faults
        stalls = faults.stall_after_report is not None and self._reports >= faults.stall_after_report
        return faults.mute or stalls

    def answer(self, message: bytes | None) -> bytes:
        """The fob's response to a message, or its refusal of what was no frame."""
        return FRAME_REFUSAL if message is None else self._fob.answer(message)

    def crossed(self) -> None:
        """One more report has crossed. The cable may come out here."""
        self._reports += 1
        self._on_report(self._reports)
        faults = self._fob.faults
        if faults.cut_after_report is not None and self._reports >= faults.cut_after_report:
            self._fob.faults = replace(faults, cut_after_report=None)
            self._pull_out()

    def spoils_crc(self) -> bool:
        """Whether the answer about to leave gets a wrong checksum."""
        return self._due("crc", self._fob.faults.wrong_crc_at_report)

    def adds_stray(self) -> bool:
        """Whether something meaningless comes before the answer about to leave."""
        return self._due("stray", self._fob.faults.stray_bytes_at_report)

    def _due(self, what: str, report: int | None) -> bool:
        if report is None or what in self._done or self._reports + 1 < report:
            return False
        self._done.add(what)
        return True
