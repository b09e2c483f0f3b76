"""Messages between flag bytes, as the fob in its cradle reads and writes them (§3)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from tests.rig.wire import UnreadableFrame

GAP_S: Final = 0.1
"""An unfinished frame is forgotten when its next byte takes longer."""
_BEGIN: Final = 0x7E
_END: Final = 0x7F
_ESCAPE: Final = 0x7D
_FLIP: Final = 0x20
_ESCAPED: Final = frozenset({0x5D, 0x5E, 0x5F})
_CONTENT_BYTES: Final = range(6, 1029)


class SerialReader:
    """Finds frames among whatever comes. `now_s` is monotonic."""

    def __init__(self) -> None:
        self._content: bytearray | None = None
        self._escaping = False
        self._spoilt = False
        self._heard_s = 0.0

    def take(self, data: bytes, now_s: float) -> Iterator[bytes | UnreadableFrame]:
        """Every message that `data` completes, or what stands for a frame that cannot be read."""
        if now_s - self._heard_s > GAP_S:
            self.forget()
        self._heard_s = now_s
        for byte in data:
            if byte == _BEGIN:
                self._content, self._escaping, self._spoilt = bytearray(), False, False
            elif self._content is None:
                continue
            elif byte == _END:
                yield self._end(self._content)
                self._content = None
            else:
                self._add(self._content, byte)

    def forget(self) -> None:
        """The host is gone, or was silent for too long."""
        self._content = None

    def _add(self, content: bytearray, byte: int) -> None:
        if self._escaping:
            self._spoilt |= byte not in _ESCAPED
            byte ^= _FLIP
            self._escaping = False
        elif byte == _ESCAPE:
            self._escaping = True
            return
        if len(content) < _CONTENT_BYTES.stop:  # one more than fits tells that it was too much
            content.append(byte)

    def _end(self, content: bytearray) -> bytes | UnreadableFrame:
        message, crc = bytes(content[:-4]), int.from_bytes(content[-4:], "big")
        readable = len(content) in _CONTENT_BYTES and not self._spoilt and not self._escaping
        return message if readable and zlib.crc32(message) == crc else UnreadableFrame()


def serial_frame(message: bytes, *, spoil_crc: bool = False) -> bytes:
    """One message as it crosses the wire."""
    content = message + (zlib.crc32(message) ^ spoil_crc).to_bytes(4, "big")
    escaped = bytearray()
    for byte in content:
        escaped += bytes([_ESCAPE, byte ^ _FLIP]) if byte in (_BEGIN, _END, _ESCAPE) else bytes([byte])
    return bytes([_BEGIN]) + bytes(escaped) + bytes([_END])
