"""Messages in 64-byte reports, as the fob reads and writes them (§2)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from tests.rig.wire import UnreadableFrame

REPORT_BYTES: Final = 64
GAP_S: Final = 0.1
"""An unfinished message is forgotten when its next report takes longer."""
_FIRST: Final = 0x80
_FIRST_DATA: Final = 57
_NEXT_DATA: Final = 63
_LAST_SEQUENCE: Final = 0x0F
_LENGTHS: Final = range(2, 1025)


@dataclass
class _Unfinished:
    length: int
    crc: int
    data: bytes
    next_sequence: int
    heard_s: float


class HidReader:
    """Puts messages together again. `now_s` is monotonic. A gap of more than `gap_s` ends what is unfinished."""

    def __init__(self, gap_s: float = GAP_S) -> None:
        self._gap_s = gap_s
        self._unfinished: _Unfinished | None = None

    def take(self, report: bytes, now_s: float) -> bytes | None:
        """One report of 64 bytes; the message once it is whole. Raises UnreadableFrame."""
        unfinished, self._unfinished = self._unfinished, None
        if report[0] == _FIRST:
            return self._begin(report, now_s)
        if unfinished is None or now_s - unfinished.heard_s > self._gap_s:
            return None
        if report[0] > _LAST_SEQUENCE or report[0] != unfinished.next_sequence:
            raise UnreadableFrame
        unfinished.data += report[1:]
        unfinished.next_sequence += 1
        unfinished.heard_s = now_s
        return self._finish(unfinished)

    def forget(self) -> None:
        """The host is gone."""
        self._unfinished = None

    def _begin(self, report: bytes, now_s: float) -> bytes | None:
        length = int.from_bytes(report[1:3], "big")
        if length not in _LENGTHS:
            raise UnreadableFrame
        crc = int.from_bytes(report[3:7], "big")
        return self._finish(_Unfinished(length, crc, report[7:], 0, now_s))

    def _finish(self, message: _Unfinished) -> bytes | None:
        if len(message.data) < message.length:
            self._unfinished = message
            return None
        whole = message.data[: message.length]
        if zlib.crc32(whole) != message.crc:
            raise UnreadableFrame
        return whole


def hid_reports(message: bytes, *, spoil_crc: bool = False) -> list[bytes]:
    """The reports of one message, each 64 bytes."""
    crc = zlib.crc32(message) ^ spoil_crc
    head = bytes([_FIRST]) + len(message).to_bytes(2, "big") + crc.to_bytes(4, "big")
    reports = [head + message[:_FIRST_DATA]]
    rest = message[_FIRST_DATA:]
    for sequence, start in enumerate(range(0, len(rest), _NEXT_DATA)):
        reports.append(bytes([sequence]) + rest[start : start + _NEXT_DATA])
    return [report.ljust(REPORT_BYTES, b"\0") for report in reports]
