"""Short command APDUs, response APDUs (ISO 7816-4, section 5) and their simple fields. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from devices.errors import BadAnswer

DONE = 0x9000


@dataclass(frozen=True, slots=True)
class Command:
    """A short command. `name` is for errors. `has_le`: a byte 00 behind it, "any length of answer"."""

    name: str
    cla: int
    ins: int
    p1: int = 0
    p2: int = 0
    data: bytes = field(default=b"", repr=False)
    has_le: bool = False

    def encode(self) -> bytes:
        """The bytes; `data` has 255 at most."""
        head = bytes([self.cla, self.ins, self.p1, self.p2])
        body = bytes([len(self.data)]) + self.data if self.data else b""
        return head + body + (b"\0" if self.has_le else b"")


@dataclass(frozen=True, slots=True)
class Response:
    """Data and status word."""

    data: bytes = field(repr=False)
    word: int

    @classmethod
    def parse(cls, raw: bytes, command: str) -> Response:
        """Raises BadAnswer."""
        if len(raw) < 2:
            raise BadAnswer(command, "no status word")
        return cls(raw[:-2], int.from_bytes(raw[-2:]))


def tlv(tag: int, value: bytes) -> bytes:
    """A field: tag and length of one byte each."""
    return bytes([tag, len(value)]) + value


def fields(data: bytes, command: str) -> list[tuple[int, bytes]]:
    """The fields of an answer in order. Raises BadAnswer."""
    found = []
    while data:
        if len(data) < 2 or len(data) < 2 + data[1]:
            raise BadAnswer(command, "cut field")
        found.append((data[0], data[2 : 2 + data[1]]))
        data = data[2 + data[1] :]
    return found
