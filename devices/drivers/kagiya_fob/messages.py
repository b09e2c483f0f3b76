"""Layouts of kagiya-fob.md sections 1, 4, 5, 6: bytes to values and back. Pure."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from devices.driver import DeviceIdentity
from devices.errors import BadAnswer, RefusedByDevice
from devices.profiles import Algorithm, CredentialForm, OtpType, Version

PROTOCOL_VERSION: Final = 1
RESPONSE: Final = 0x80
TAG_BYTES: Final = 16
PROOF_BYTES: Final = 32
CERTIFICATE_BYTES: Final = 177
POINT_BYTES: Final = 65
SIGNATURE_BYTES: Final = 64
SERIAL_BYTES: Final = 16
LATEST: Final = 0xFF_FFFF_FFFF
"""The last second of a fob's clock."""
IDENTITY: Final = struct.Struct(">BBBBQIBBBBB3s16s16s")

_SERIAL: Final = re.compile(r"[0-9A-Z-]+")
_CLOCK_SET: Final = 0x01
_HOLDS: Final = 0x02
_TYPES: Final = {OtpType.TOTP: 1, OtpType.HOTP: 2}
_ALGORITHMS: Final = {Algorithm.SHA1: 1, Algorithm.SHA256: 2, Algorithm.SHA512: 3}


class Command(IntEnum):
    """Commands of a message (section 1)."""

    IDENTIFY = 0x01
    OPEN_SESSION = 0x02
    SEALED = 0x03


class Operation(IntEnum):
    """Operations inside a session (section 6)."""

    STAGE = 0x10
    PROVE = 0x11
    COMMIT = 0x12
    SET_CLOCK = 0x13
    READ_CODE = 0x14
    ERASE = 0x15
    STATUS = 0x16
    END = 0x1F


class Status(IntEnum):
    """What a fob answers (section 1)."""

    OK = 0x00
    FRAME = 0x01
    UNKNOWN = 0x02
    BAD_FORM = 0x03
    OUT_OF_LIMITS = 0x04
    NO_SESSION = 0x05
    SESSION_BROKEN = 0x06
    LOW_BATTERY = 0x07
    CLOCK_FAULT = 0x08
    NOTHING_STAGED = 0x09
    NOT_PROVED = 0x0A
    WRONG_GENERATION = 0x0B
    NOT_ALLOWED = 0x0C
    EMPTY_SLOT = 0x0D
    FLASH_FAULT = 0x0E


ANSWER_BYTES: Final = {
    Operation.STAGE: 0,
    Operation.PROVE: PROOF_BYTES,
    Operation.COMMIT: 4,
    Operation.SET_CLOCK: 8,
    Operation.ERASE: 4,
    Operation.STATUS: IDENTITY.size,
    Operation.END: 0,
}
"""Length of each answer's body; READ CODE's depends on the digits."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Section 5. `signed` is what the manufacturer root signed, without the label."""

    serial: str
    model: str
    device_key: bytes
    root_id: bytes
    signature: bytes
    signed: bytes


def answer_body(answer: bytes, command: str) -> bytes:
    """What stands behind the status. Raises RefusedByDevice, or BadAnswer for what no fob may answer."""
    status, body = answer[0], answer[1:]
    if status == Status.OK:
        return body
    if status not in set(Status):
        raise BadAnswer(command, "unknown status")
    if body:
        raise BadAnswer(command, "a body behind a refusal")
    raise RefusedByDevice(command, Status(status).name.lower())


def decode_identity(body: bytes, command: str) -> DeviceIdentity:
    """The 56 bytes of IDENTIFY and STATUS. Raises BadAnswer."""
    if len(body) != IDENTITY.size:
        raise BadAnswer(command, "wrong length")
    version, flags, battery, _slots, clock, generation, *_limits, firmware, serial, model = IDENTITY.unpack(body)
    if version != PROTOCOL_VERSION:
        raise BadAnswer(command, f"protocol version {version}")
    if battery > 100:
        raise BadAnswer(command, "battery above 100 percent")
    if clock > LATEST:
        raise BadAnswer(command, "clock beyond every date")
    return DeviceIdentity(
        serial=serial_number(serial, command),
        model=text(model, command),
        firmware=Version(*firmware),
        generation=generation,
        battery_percent=battery,
        clock=clock if flags & _CLOCK_SET else None,
        holds_credential=bool(flags & _HOLDS),
    )


def decode_certificate(body: bytes) -> Certificate:
    """The 177 bytes of a device certificate. Raises BadAnswer."""
    return Certificate(
        serial=serial_number(body[:16], "open_session"),
        model=text(body[16:32], "open_session"),
        device_key=body[32:97],
        root_id=body[97:113],
        signature=body[113:],
        signed=body[:113],
    )


def serial_number(field: bytes, command: str) -> str:
    """As it is printed on the case. Raises BadAnswer."""
    told = text(field, command)
    if not _SERIAL.fullmatch(told):
        raise BadAnswer(command, "serial number that is none")
    return told


def text(field: bytes, command: str) -> str:
    """A padded text field; printable ASCII, not empty. Raises BadAnswer."""
    plain = field.rstrip(b"\0")
    if not plain or any(byte not in range(0x20, 0x7F) for byte in plain):
        raise BadAnswer(command, "text that is none")
    return plain.decode("ascii")


def parameters(form: CredentialForm) -> bytes:
    """The 14 bytes that STAGE sends before the seed and the proof covers."""
    fields = (form.slot, _TYPES[form.otp_type], _ALGORITHMS[form.algorithm], form.digits, form.period_s)
    return struct.pack(">BBBBBQB", *fields, form.counter, form.seed_bytes)


def decode_code(body: bytes) -> str:
    """READ CODE's answer: the code behind 8 bytes of clock. Raises BadAnswer."""
    code = body[8:]
    if len(code) not in (6, 8) or not code.isdigit():
        raise BadAnswer("read_code", "no code")
    return code.decode("ascii")
