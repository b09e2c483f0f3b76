"""Layouts of yubikey-otp.md: frames, records and status to bytes and back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from devices.errors import BadAnswer
from devices.profiles import CredentialForm, OtpType, Version

REPORT_BYTES: Final = 8
DATA_BYTES: Final = 7
ACCESS_BYTES: Final = 6
RECORD_BYTES: Final = 52
NO_ACCESS: Final = bytes(ACCESS_BYTES)
BLANK: Final = bytes(RECORD_BYTES)
"""The record that clears a slot."""
WRITE: Final = 0x80
ANSWER: Final = 0x40
TOUCH: Final = 0x20
NUMBER: Final = 0x1F
RESET: Final = bytes(DATA_BYTES) + b"\x8f"
MAC_BYTES: Final = 20
SERIAL_BYTES: Final = 4
COUNTER_STEP: Final = 16
_SERIAL_TAG: Final = 0x02
_PAYLOAD_BYTES: Final = 64
_REPORTS: Final = 10
_RESIDUE: Final = 0xF0B8


class Command(IntEnum):
    """Byte 64 of a frame."""

    CONFIGURE_1 = 0x01
    CONFIGURE_2 = 0x03
    SERIAL = 0x10
    SCAN_MAP = 0x12
    INFO = 0x13
    CHALLENGE_1 = 0x30
    CHALLENGE_2 = 0x38


CONFIGURE: Final = {1: Command.CONFIGURE_1, 2: Command.CONFIGURE_2}
CHALLENGE: Final = {1: Command.CHALLENGE_1, 2: Command.CHALLENGE_2}
BAD_SCAN_MAP: Final = b"c" * 51
"""Refused by every key, and a NEO looks at its application on the way."""


@dataclass(frozen=True, slots=True)
class Flags:
    """Bytes 45 to 47 of a record."""

    extended: int
    ticket: int
    config: int


_SERIAL_BY_API: Final = 0x04
_OATH: Final = 0x40
_HOTP: Final = {6: 0x40, 8: 0x42}
_HMAC_SHORT: Final = 0x26
_ASKS_TOUCH: Final = 0x08


@dataclass(frozen=True, slots=True)
class Status:
    """What a key tells while nothing goes on. `slots` are the ones that hold something."""

    firmware: Version
    sequence: int
    slots: frozenset[int]

    def advanced_to(self, after: Status) -> bool:
        """Whether `after` is the status of a key that took one change. What follows 255 is not known."""
        if self.sequence == 255:
            return after.sequence in (0, 1)
        return after.sequence == self.sequence + 1


def flags(form: CredentialForm, *, touch: bool) -> Flags:
    """Of a credential: HOTP, or HMAC-SHA1 challenge-response for TOTP, which can want a touch for every code."""
    if form.otp_type is OtpType.HOTP:
        return Flags(_SERIAL_BY_API, _OATH, _HOTP[form.digits])
    return Flags(_SERIAL_BY_API, _OATH, _HMAC_SHORT | (_ASKS_TOUCH if touch else 0))


def record(secret: bytes, counter: int, access: bytes, chosen: Flags) -> bytes:
    """52 bytes. `secret` has 20, `counter` is a multiple of 16, `access` will be in force afterwards."""
    uid = secret[16:] + (counter // COUNTER_STEP).to_bytes(2)
    body = bytes(16) + uid + secret[:16] + access
    body += bytes([0, chosen.extended, chosen.ticket, chosen.config, 0, 0])
    return body + (checksum(body) ^ 0xFFFF).to_bytes(2, "little")


def challenge(step: int) -> bytes:
    """A time step as the 64-byte block of which the key takes the padding off."""
    told = step.to_bytes(8)
    return told.ljust(_PAYLOAD_BYTES, b"\x01" if told[-1] == 0 else b"\0")


def to_reports(command: Command, payload: bytes) -> list[bytes]:
    """A frame's reports of 8 bytes; those of nothing but zeros are left out, except the first and the last."""
    block = payload.ljust(_PAYLOAD_BYTES, b"\0")
    frame = block + bytes([command]) + checksum(block).to_bytes(2, "little") + bytes(3)
    parts = enumerate(frame[at : at + DATA_BYTES] for at in range(0, len(frame), DATA_BYTES))
    return [part + bytes([WRITE | n]) for n, part in parts if any(part) or n in (0, _REPORTS - 1)]


def decode_status(report: bytes) -> Status:
    """An idle report."""
    valid = frozenset(slot for slot in (1, 2) if report[5] & slot)
    return Status(Version(*report[1:4]), report[4], valid)


def answer_parts(size: int) -> int:
    """How many reports an answer of that length takes, its checksum included."""
    return -(-(size + 2) // DATA_BYTES)


def decode_answer(data: bytes, size: int, command: Command) -> bytes:
    """The first `size` bytes, which their checksum must fit. Raises BadAnswer."""
    if checksum(data[: size + 2]) != _RESIDUE:
        raise BadAnswer(command.name.lower(), "wrong checksum")
    return data[:size]


def decode_info_serial(info: bytes) -> str:
    """The serial number among the fields of device information; empty if it is not there. Raises BadAnswer."""
    place = 1
    while place + 2 <= len(info):
        tag, size = info[place], info[place + 1]
        value = info[place + 2 : place + 2 + size]
        if len(value) != size:
            raise BadAnswer("info", "a field beyond its end")
        if tag == _SERIAL_TAG and size == SERIAL_BYTES:
            return str(int.from_bytes(value))
        place += 2 + size
    return ""


def checksum(data: bytes) -> int:
    """CRC-16 of ISO 13239 without the last inversion."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc
