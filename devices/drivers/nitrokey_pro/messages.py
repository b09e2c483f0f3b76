"""Layouts of nitrokey-pro.md: requests, answers and what stands in them. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from devices.errors import BadAnswer, FrameDamaged, RefusedByDevice
from devices.profiles import CredentialForm, OtpType, Version

REPORT_BYTES: Final = 64
BODY_BYTES: Final = 60
PASSWORD_BYTES: Final = 25
SECRET_BYTES: Final = 40
CHUNK_BYTES: Final = 30
NAME_BYTES: Final = 15
HOTP_SLOTS: Final = 3
"""The fourth is kept for the computer's start."""
BUSY: Final = frozenset({1, 3})
_FAILED: Final = 2
_EIGHT_DIGITS: Final = 0x01
_FIRST_SLOT: Final = {OtpType.HOTP: 0x10, OtpType.TOTP: 0x20}


class Command(IntEnum):
    """Byte 0 of a request."""

    STATUS = 0x00
    WRITE_SLOT = 0x01
    READ_SLOT = 0x03
    GET_CODE = 0x04
    ERASE_SLOT = 0x06
    LOGIN_ADMIN = 0x07
    ADMIN_TRIES = 0x09
    SET_TIME = 0x0B
    CHANGE_ADMIN_PIN = 0x15
    STAGE = 0x17


class Status(IntEnum):
    """Byte 6 of an answer."""

    OK = 0
    WRONG_CRC = 1
    WRONG_SLOT = 2
    NOT_PROGRAMMED = 3
    WRONG_PASSWORD = 4
    NOT_AUTHORISED = 5
    TIME_WARNING = 6
    NO_NAME = 7
    NOT_SUPPORTED = 8
    UNKNOWN_COMMAND = 9
    AES_FAILED = 10
    USER_PIN_NOT_CHANGED = 12
    ADMIN_PIN_NOT_CHANGED = 13
    PIN_NOT_UNBLOCKED = 14


@dataclass(frozen=True, slots=True)
class StickStatus:
    """What STATUS tells. `keeps_codes`: no code without the user PIN."""

    firmware: Version
    serial: str
    keeps_codes: bool


@dataclass(frozen=True, slots=True)
class SlotContent:
    """What READ SLOT tells: everything but the secret. `value` is the period, or the HOTP counter."""

    name: bytes
    flags: int
    value: int


@dataclass(frozen=True, slots=True)
class Request:
    """A whole report and its checksum, by which its answer is known."""

    command: Command
    report: bytes = field(repr=False)

    @property
    def checksum(self) -> bytes:
        """Four bytes."""
        return self.report[BODY_BYTES:]


def request(command: Command, payload: bytes = b"") -> Request:
    """Zero-filled, with its checksum."""
    body = (bytes([command]) + payload).ljust(BODY_BYTES, b"\0")
    return Request(command, body + checksum(body).to_bytes(4, "little"))


def is_whole(report: bytes) -> bool:
    """Whether an answer's checksum fits, which is taken as if it were ready."""
    return checksum(b"\0" + report[1:BODY_BYTES]) == int.from_bytes(report[BODY_BYTES:], "little")


def answers(report: bytes, asked: Request) -> bool:
    """Whether a report is the answer to that request and not to an older one."""
    return report[1] == asked.command and report[2:6] == asked.checksum


def decode_answer(report: bytes, asked: Request) -> bytes:
    """The 53 bytes of result. Raises FrameDamaged, RefusedByDevice, BadAnswer."""
    name = asked.command.name.lower()
    status = report[6]
    if report[0] == _FAILED:
        raise BadAnswer(name, "the stick tells of an error of its own")
    if status == Status.WRONG_CRC:
        raise FrameDamaged("refused by the device")
    if status not in set(Status):
        raise BadAnswer(name, "unknown status")
    if status != Status.OK:
        raise RefusedByDevice(name, Status(status).name.lower())
    return report[7:BODY_BYTES]


def decode_status(result: bytes) -> StickStatus:
    """The stick's numbers."""
    minor, major = result[:2]
    serial = int.from_bytes(result[2:6], "little")
    return StickStatus(Version(major, minor), f"{serial:08X}", keeps_codes=result[9] == 1)


def decode_slot(result: bytes) -> SlotContent:
    """Name, flags, and the last eight bytes."""
    return SlotContent(result[:NAME_BYTES], result[15], int.from_bytes(result[29:37], "little"))


def decode_code(result: bytes, form: CredentialForm) -> str:
    """The code with its zeros. Raises BadAnswer where it has more digits than it may."""
    number = int.from_bytes(result[:4], "little")
    if number >= 10**form.digits:
        raise BadAnswer("get_code", "no code")
    return str(number).zfill(form.digits)


def login(pin: bytes, password: bytes) -> bytes:
    """Admin PIN and the temporary password that stands for it from now on."""
    return pin.ljust(PASSWORD_BYTES, b"\0") + password


def change_pin(old: bytes, new: bytes) -> bytes:
    """Both admin PINs."""
    return old.ljust(PASSWORD_BYTES, b"\0") + new.ljust(PASSWORD_BYTES, b"\0")


def stage_name(password: bytes, name: bytes) -> bytes:
    """The slot's name."""
    return password + b"N\0" + name


def stage_secret(password: bytes, chunk: int, secret: bytes) -> bytes:
    """Chunk 0 or 1 of the secret, zero-filled to 40 bytes: both are always sent, for the old end may be there."""
    padded = secret.ljust(SECRET_BYTES, b"\0")
    return password + b"S" + bytes([chunk]) + padded[CHUNK_BYTES * chunk :][:CHUNK_BYTES]


def write_slot(password: bytes, form: CredentialForm) -> bytes:
    """Make what is staged the slot."""
    return password + bytes([slot_number(form)]) + struct.pack("<QB", slot_value(form), slot_flags(form))


def erase_slot(password: bytes, number: int) -> bytes:
    """By the slot's number on the wire."""
    return bytes([number]) + password


def set_time(unix_time: int) -> bytes:
    """Mode 1: set, whatever was before."""
    return b"\x01" + unix_time.to_bytes(8, "little")


def slot_number(form: CredentialForm) -> int:
    """On the wire."""
    return _FIRST_SLOT[form.otp_type] + form.slot - 1


def slot_numbers(slot: int) -> list[int]:
    """Every place that is slot `slot`: its TOTP slot, and its HOTP slot where there is one."""
    places = [_FIRST_SLOT[OtpType.TOTP] + slot - 1]
    return [*places, _FIRST_SLOT[OtpType.HOTP] + slot - 1] if slot <= HOTP_SLOTS else places


def slot_value(form: CredentialForm) -> int:
    """Period or start counter."""
    return form.period_s if form.otp_type is OtpType.TOTP else form.counter


def slot_flags(form: CredentialForm) -> int:
    """Only the number of digits is wanted."""
    return _EIGHT_DIGITS if form.digits == 8 else 0


def checksum(data: bytes) -> int:
    """CRC-32 with polynomial 04C11DB7, not reflected, over little-endian words."""
    crc = 0xFFFF_FFFF
    for (word,) in struct.iter_unpack("<I", data):
        crc ^= word
        for _ in range(32):
            crc = (crc << 1 ^ (0x04C1_1DB7 if crc >> 31 else 0)) & 0xFFFF_FFFF
    return crc
