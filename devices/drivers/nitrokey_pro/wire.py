"""One request, one answer, by feature reports. The stick is asked again until its answer is to this request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import sleep
from typing import Final

from devices.drivers.nitrokey_pro.messages import (
    BUSY,
    REPORT_BYTES,
    Command,
    answers,
    decode_answer,
    is_whole,
    request,
)
from devices.errors import BadAnswer, FrameDamaged
from devices.links import FeatureLink
from devices.links.deadline import Deadline
from devices.profiles import Timing

log = logging.getLogger(__name__)
_WHOLE_TRIES: Final = 3


class Wire:
    """`on_report` is called after each report, both ways."""

    def __init__(self, link: FeatureLink, timing: Timing, on_report: Callable[[], None]) -> None:
        self._link = link
        self._timing = timing
        self._on_report = on_report
        self._fresh = True

    def ask(self, command: Command, payload: bytes, timeout_s: float) -> bytes:
        """The 53 bytes of result. Raises LinkFailed, AnswerUnusable."""
        deadline = Deadline(self._link.path, timeout_s)
        if self._fresh:
            self._wait_until_ready(deadline)
        asked = request(command, payload)
        log.debug("%s: request", command.name.lower())
        self._link.send_feature(0, asked.report)
        self._on_report()
        stale = False
        while True:
            report = self._look(deadline)
            if report is not None and answers(report, asked):
                return decode_answer(report, asked)
            stale = stale or report is not None
            if stale and deadline.is_over:
                raise BadAnswer(command.name.lower(), "only answers to something else")
            self._pause(deadline)

    def close(self) -> None:
        """Give the link back."""
        self._link.close()

    def _wait_until_ready(self, deadline: Deadline) -> None:
        """A stick that is still busy with what another program asked loses the next request without a word."""
        while self._read()[0] in BUSY:
            self._pause(deadline)
        self._fresh = False

    def _look(self, deadline: Deadline) -> bytes | None:
        """A whole answer, to whatever, or None while the stick is busy. Raises FrameDamaged."""
        for _ in range(_WHOLE_TRIES):
            report = self._read()
            if report[0] in BUSY:
                return None
            if is_whole(report):
                return report
            if deadline.is_over:
                break
            self._pause(deadline)
        raise FrameDamaged("crc")

    def _pause(self, deadline: Deadline) -> None:
        """Until the stick may be asked again. Raises LinkTimeout."""
        sleep(min(self._timing.report_interval_s, deadline.left_s()))

    def _read(self) -> bytes:
        report = self._link.get_feature(0, REPORT_BYTES)
        self._on_report()
        return report
