"""One frame to the key and what comes back: a new status, or an answer. Every wait has its limit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

from devices.contract import Wait
from devices.driver import OnWait
from devices.drivers.yubikey_otp.messages import (
    ANSWER,
    DATA_BYTES,
    NUMBER,
    REPORT_BYTES,
    RESET,
    TOUCH,
    WRITE,
    Command,
    Status,
    answer_parts,
    decode_answer,
    decode_status,
    to_reports,
)
from devices.errors import BadAnswer, NotTouched, RefusedByDevice
from devices.links import FeatureLink
from devices.links.deadline import Deadline
from devices.profiles import Timing

log = logging.getLogger(__name__)
_TOUCH_POLL_S: Final = 0.1


class Wire:
    """`on_report` is called after each report, both ways."""

    def __init__(self, link: FeatureLink, timing: Timing, on_report: Callable[[], None], on_wait: OnWait) -> None:
        self._link = link
        self._timing = timing
        self._on_report = on_report
        self._on_wait = on_wait

    def status(self, timeout_s: float) -> Status:
        """What the key tells; an answer or a wait from before is ended first. Raises LinkFailed, BadAnswer."""
        report = self._settled(self._deadline(timeout_s))
        if report[7]:
            self._send(RESET)
            report = self._settled(self._deadline(timeout_s))
        return _idle(report, "status")

    def change(self, command: Command, payload: bytes, timeout_s: float) -> Status:
        """Send a command that has no answer; the status after it. Raises LinkFailed, BadAnswer."""
        report = self._send_frame(command, payload, timeout_s)
        return _idle(report, command.name.lower())

    def ask(self, command: Command, payload: bytes, size: int | None, timeout_s: float) -> bytes:
        """Send a command that is answered with `size` bytes (None: with as many as its first byte tells).

        Raises RefusedByDevice where the key gives no answer, NotTouched, LinkFailed, BadAnswer.
        """
        report = self._send_frame(command, payload, timeout_s)
        if report[7] & TOUCH and not report[7] & ANSWER:
            report = self._wait_for_touch(timeout_s)
        if not report[7] & ANSWER:
            _idle(report, command.name.lower())
            raise RefusedByDevice(command.name.lower(), "no_answer")
        return self._collect(report, command, size)

    def close(self) -> None:
        """Give the link back."""
        self._link.close()

    def _send_frame(self, command: Command, payload: bytes, timeout_s: float) -> bytes:
        """The first report after the frame in which the key is not busy."""
        log.debug("%s: frame with %d bytes", command.name.lower(), len(payload))
        deadline = self._deadline(timeout_s)
        report = b""
        for part in to_reports(command, payload):
            self._send(part)
            report = self._settled(deadline)
        return report

    def _collect(self, report: bytes, command: Command, size: int | None) -> bytes:
        """An answer whose first report is here already."""
        size = report[0] + 1 if size is None else size
        data = b""
        for number in range(answer_parts(size)):
            if not report[7] & ANSWER or report[7] & NUMBER != number:
                raise BadAnswer(command.name.lower(), "parts out of order")
            data += report[:DATA_BYTES]
            report = self._read()
        self._send(RESET)
        return decode_answer(data, size, command)

    def _wait_for_touch(self, timeout_s: float) -> bytes:
        """The first report after the touch. Raises NotTouched when none comes."""
        self._on_wait(Wait.TOUCH)
        began = monotonic()
        try:
            while (waited_s := monotonic() - began) < self._timing.hand_timeout_s:
                sleep(_TOUCH_POLL_S)
                report = self._settled(self._deadline(timeout_s))
                if report[7] & ANSWER:
                    return report
                if not report[7] & TOUCH:
                    raise NotTouched(round(monotonic() - began, 1))
            self._send(RESET)
            raise NotTouched(round(waited_s, 1))
        finally:
            self._on_wait(Wait.NONE)

    def _deadline(self, timeout_s: float) -> Deadline:
        return Deadline(self._link.path, timeout_s)

    def _settled(self, deadline: Deadline) -> bytes:
        """The first report without the busy flag. Raises LinkTimeout."""
        while (report := self._read())[7] & WRITE:
            sleep(min(self._timing.report_interval_s, deadline.left_s()))
        return report

    def _send(self, report: bytes) -> None:
        self._link.send_feature(0, report)
        self._on_report()

    def _read(self) -> bytes:
        report = self._link.get_feature(0, REPORT_BYTES)
        self._on_report()
        return report


def _idle(report: bytes, command: str) -> Status:
    if report[7]:
        raise BadAnswer(command, "no status")
    return decode_status(report)
