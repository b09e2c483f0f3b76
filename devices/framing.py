"""Messages to HID reports or serial bytes and back: firmware_profiles/kagiya-fob.md, sections 2 and 3.

Pure. Both directions raise FrameDamaged(what), `what` being one of crc, sequence, length, escape.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

from devices.errors import FrameDamaged

REPORT_BYTES: Final = 64
MESSAGE_BYTES: Final = range(2, 1025)
_FIRST: Final = 0x80
_FIRST_DATA: Final = 57
_NEXT_DATA: Final = 63
_LAST_SEQUENCE: Final = 0x0F

_START: Final = 0x7E
_END: Final = 0x7F
_ESCAPE: Final = 0x7D
_FLIP: Final = 0x20
_CRC_BYTES: Final = 4


def to_reports(message: bytes) -> list[bytes]:
    """`message` (2 to 1024 bytes) as output reports of 64 bytes each."""
    _check_length(len(message))
    head = bytes([_FIRST]) + len(message).to_bytes(2) + crc32(message).to_bytes(4)
    chunks = [head + message[:_FIRST_DATA]]
    for number, start in enumerate(range(_FIRST_DATA, len(message), _NEXT_DATA)):
        chunks.append(bytes([number]) + message[start : start + _NEXT_DATA])
    return [chunk.ljust(REPORT_BYTES, b"\0") for chunk in chunks]


def report_count(message_bytes: int) -> int:
    """How many reports a message of that many bytes takes."""
    return 1 + max(0, -(-(message_bytes - _FIRST_DATA) // _NEXT_DATA))


class ReportReader:
    """Puts input reports together. A damaged message is forgotten, so the reader can be used on."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._length = 0
        self._crc = 0
        self._next = 0

    def feed(self, report: bytes) -> bytes | None:
        """One report of 64 bytes; the message when this was its last. Raises FrameDamaged."""
        if report[0] == _FIRST:
            self._begin(report)
        elif self._length == 0:
            return None
        elif report[0] != self._next or report[0] > _LAST_SEQUENCE:
            self._length = 0
            raise FrameDamaged("sequence")
        else:
            self._next += 1
            self._data += report[1:]
        return self._finished()

    def _begin(self, report: bytes) -> None:
        self._length = 0
        length = int.from_bytes(report[1:3])
        _check_length(length)
        self._length, self._next = length, 0
        self._crc = int.from_bytes(report[3:7])
        self._data = bytearray(report[7:])

    def _finished(self) -> bytes | None:
        if len(self._data) < self._length:
            return None
        message = bytes(self._data[: self._length])
        self._length = 0
        if crc32(message) != self._crc:
            raise FrameDamaged("crc")
        return message


def to_frame(message: bytes) -> bytes:
    """`message` (2 to 1024 bytes) as one serial frame."""
    _check_length(len(message))
    content = message + crc32(message).to_bytes(_CRC_BYTES)
    escaped = bytearray()
    for byte in content:
        escaped += bytes([_ESCAPE, byte ^ _FLIP]) if byte in (_ESCAPE, _START, _END) else bytes([byte])
    return bytes([_START, *escaped, _END])


class FrameReader:
    """Finds frames in serial bytes; bytes outside a frame are ignored and counted in `stray_bytes`."""

    def __init__(self) -> None:
        self.stray_bytes = 0
        self._inside = False
        self._content = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Every message that ends within `data`. Raises FrameDamaged at the first damaged one; what came behind
        it in `data` is forgotten."""
        messages = []
        for byte in data:
            if byte == _START:
                self._inside = True
                self._content.clear()
            elif not self._inside:
                self.stray_bytes += 1
            elif byte == _END:
                self._inside = False
                messages.append(_message(_unescape(self._content)))
            else:
                self._keep(byte)
        return messages

    def _keep(self, byte: int) -> None:
        self._content.append(byte)
        # every content byte may be escaped, none can need more than two
        if len(self._content) > 2 * (MESSAGE_BYTES[-1] + _CRC_BYTES):
            self._inside = False
            raise FrameDamaged("length")


def _unescape(content: bytearray) -> bytes:
    plain = bytearray()
    escaped = False
    for byte in content:
        if escaped and byte ^ _FLIP not in (_ESCAPE, _START, _END):
            raise FrameDamaged("escape")
        if not escaped and byte == _ESCAPE:
            escaped = True
            continue
        plain.append(byte ^ _FLIP if escaped else byte)
        escaped = False
    if escaped:
        raise FrameDamaged("escape")
    return bytes(plain)


def _message(plain: bytes) -> bytes:
    message, crc = plain[:-_CRC_BYTES], plain[-_CRC_BYTES:]
    _check_length(len(plain) - _CRC_BYTES)
    if crc32(message).to_bytes(_CRC_BYTES) != crc:
        raise FrameDamaged("crc")
    return message


def _check_length(length: int) -> None:
    if length not in MESSAGE_BYTES:
        raise FrameDamaged("length")
