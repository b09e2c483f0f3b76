"""Layouts of the reports, and the sentences in which the key answers (firmware_profiles/onlykey.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from devices.errors import BadAnswer, DeviceError, DeviceLocked
from devices.profiles import Version

REPORT_BYTES: Final = 64
LABEL_BYTES: Final = 16
ZEROS: Final = bytes(4)
"""The key measures a value up to the first four zero bytes in a row."""
_HEADER: Final = b"\xff\xff\xff\xff"
_BAR: Final = 0x7C
_LAST_PLAIN_CODE: Final = 9
_CODE_GAP: Final = 6
_PRINTABLE: Final = re.compile(rb"[ -~]+")
_UNLOCKED: Final = re.compile(r"UNLOCKEDv([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})-[a-z]+([copn])")
_MODELS: Final[Mapping[str, str]] = {"c": "OnlyKey", "o": "OnlyKey", "p": "OnlyKey DUO", "n": "OnlyKey DUO"}
_UNASKED: Final = ("UNLOCKED", "INITIALIZED")
"""Said by themselves too: after the PIN was entered, and while the key is locked."""


class Message(IntEnum):
    """Byte 4 of a request."""

    CONNECT = 0xE4
    GET_LABELS = 0xE5
    SET_SLOT = 0xE6
    WIPE_SLOT = 0xE7


class Field(IntEnum):
    """Byte 6 of SET SLOT."""

    LABEL = 1
    TOTP_SEED = 9


DONE: Final[Mapping[Field, str]] = {
    Field.LABEL: "Successfully set Label",
    Field.TOTP_SEED: "Successfully set 2FA Key",
}
WIPED: Final = "Successfully wiped "
WIPED_LAST: Final = "Successfully wiped 2FA Key"
WIPED_ANSWERS: Final = 10


@dataclass(frozen=True, slots=True)
class Connected:
    """What an unlocked key tells of itself."""

    model: str
    firmware: Version


def connect(unix_time: int) -> bytes:
    """CONNECT, which sets the clock where none is set yet. `unix_time` has 32 bits."""
    return _request(Message.CONNECT, (unix_time & 0xFFFF_FFFF).to_bytes(4))


def get_labels() -> bytes:
    """GET LABELS of the slots."""
    return _request(Message.GET_LABELS, b"")


def set_slot(slot: int, field: Field, value: bytes) -> bytes:
    """SET SLOT; `value` has 57 bytes at most."""
    return _request(Message.SET_SLOT, bytes([slot, field]) + value)


def wipe_slot(slot: int) -> bytes:
    """WIPE SLOT."""
    return _request(Message.WIPE_SLOT, bytes([slot]))


def sentence(report: bytes, command: str) -> str:
    """The text of an answer. Raises BadAnswer when it is none."""
    said = report.rstrip(b"\0")
    if not _PRINTABLE.fullmatch(said):
        raise BadAnswer(command, "no text")
    return said.decode("ascii")


def is_unasked(text: str) -> bool:
    """Whether this says how the key is, and not how the command went."""
    return text.startswith(_UNASKED)


def connected(text: str) -> Connected:
    """The answer to CONNECT. Raises DeviceLocked, BadAnswer."""
    if text.startswith("UNINITIALIZED"):
        raise DeviceLocked("pin_not_set")
    if text.startswith("INITIALIZED"):
        raise DeviceLocked("pin")
    match = _UNLOCKED.fullmatch(text)
    if match is None:
        raise BadAnswer("connect", "no version")
    major, minor, patch, letter = match.groups()
    return Connected(_MODELS[letter], Version(int(major), int(minor), int(patch)))


def label(report: bytes) -> tuple[int, bytes] | None:
    """Slot and label (empty: none) of an answer to GET LABELS; None when it is something else."""
    code = report[0]
    if report[1] != _BAR or code == 0 or _LAST_PLAIN_CODE < code <= _LAST_PLAIN_CODE + _CODE_GAP:
        return None
    slot = code if code <= _LAST_PLAIN_CODE else code - _CODE_GAP
    # flash that was never written reads as ones
    return slot, report[2 : 2 + LABEL_BYTES].replace(b"\xff", b"\0").rstrip(b"\0")


def refusal(text: str, command: str) -> DeviceError | None:
    """What an error sentence means; None when it is no error."""
    if not text.startswith(("Error ", "No PIN set")):
        return None
    if text == "Error device locked":
        return DeviceLocked("pin")
    if text == "Error not in config mode":
        return DeviceLocked("config_mode")
    if text.startswith(("Error OnlyKey must be initialized", "No PIN set")):
        return DeviceLocked("pin_not_set")
    if text.startswith("Error password already enabled"):
        return DeviceLocked("slot_with_password")
    return BadAnswer(command, "an error that is not known")


def _request(message: Message, rest: bytes) -> bytes:
    return (_HEADER + bytes([message]) + rest).ljust(REPORT_BYTES, b"\0")
