"""CCID's bulk messages and class descriptor (USB CCID rev. 1.1, sections 5.1 and 6). Pure.

A message is a header of ten bytes, little-endian, and data:

  host → reader   type u8, length u32, slot u8, sequence u8, three bytes of the command's own
  reader → host   type u8, length u32, slot u8, sequence u8, status u8, error u8, chain u8
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from devices.errors import BadAnswer, FrameDamaged

HEADER: Final = struct.Struct("<BIBBBBB")
_REQUEST: Final = struct.Struct("<BIBB3s")
_DESCRIPTOR: Final = struct.Struct("<BBHBBIIIBIIBIIIII")
_DESCRIPTOR_TYPE: Final = 0x21
_AUTOMATIC_VOLTAGE: Final = 0x08
_APDU_LEVELS: Final = 0x00060000
MESSAGE_BYTES: Final = range(HEADER.size + 5, 65_536 + HEADER.size + 1)
"""What a reader may name as its longest message."""


class Kind(IntEnum):
    """bMessageType, as far as used here."""

    POWER_ON = 0x62  # PC_to_RDR_IccPowerOn
    POWER_OFF = 0x63  # PC_to_RDR_IccPowerOff
    SLOT_STATUS = 0x65  # PC_to_RDR_GetSlotStatus
    TRANSFER = 0x6F  # PC_to_RDR_XfrBlock
    DATA = 0x80  # RDR_to_PC_DataBlock
    STATUS = 0x81  # RDR_to_PC_SlotStatus


class Level(IntEnum):
    """Which part of a command or answer this is: wLevelParameter and bChainParameter."""

    WHOLE = 0x00
    BEGINS = 0x01
    ENDS = 0x02
    CONTINUES = 0x03
    SEND_MORE = 0x10


class CommandState(IntEnum):
    """bmCommandStatus: bits 6 and 7 of bStatus."""

    DONE = 0
    FAILED = 1
    TIME_EXTENSION = 2


ERRORS: Final[Mapping[int, str]] = {
    0xFF: "aborted",
    0xFE: "card_mute",
    0xFD: "parity",
    0xFC: "overrun",
    0xFB: "hardware",
    0xF8: "bad_atr",
    0xF7: "bad_atr_check",
    0xF6: "protocol_not_supported",
    0xF5: "class_not_supported",
    0xF4: "procedure_byte",
    0xF3: "protocol_off",
    0xF2: "busy_with_sequence",
    0xF0: "pin_timeout",
    0xEF: "pin_cancelled",
    0xE0: "slot_busy",
    0x00: "command_not_supported",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """What the class descriptor tells. `power_select` for POWER ON: 0 automatic, 1 5 V, 2 3 V, 3 1.8 V."""

    power_select: int
    message_bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One message of the reader. `error` is the reason of a failure, or the length of an extension."""

    kind: int
    slot: int
    sequence: int
    card_present: bool
    state: int
    error: int
    chain: int
    data: bytes = field(repr=False)


def request(kind: Kind, sequence: int, own: bytes = bytes(3), data: bytes = b"") -> bytes:
    """A message to the reader's only slot. `own`: the command's own three bytes."""
    return _REQUEST.pack(kind, len(data), 0, sequence, own) + data


def transfer(sequence: int, level: Level, data: bytes) -> bytes:
    """A part of an APDU; no waiting time is asked for."""
    return request(Kind.TRANSFER, sequence, b"\0" + level.to_bytes(2, "little"), data)


def message_bytes(head: bytes) -> int:
    """How long the message is that begins with `head` (10 bytes at least)."""
    length: int = HEADER.unpack_from(head)[1]
    return HEADER.size + length


def parse(message: bytes) -> Answer:
    """A whole message. Raises FrameDamaged."""
    if len(message) < HEADER.size or len(message) != message_bytes(message):
        raise FrameDamaged("length")
    kind, _, slot, sequence, status, error, chain = HEADER.unpack_from(message)
    present = status & 0x03 != 0x02
    return Answer(kind, slot, sequence, present, status >> 6, error, chain, message[HEADER.size :])


def error_name(error: int) -> str:
    """For RefusedByDevice: the specification's word, or the place of the header byte that was wrong."""
    return ERRORS.get(error, f"header_byte_{error}" if error < 0x80 else f"error_{error:02x}")


def parse_descriptor(told: bytes) -> Reader:
    """The CCID descriptor among the interface's class descriptors. Raises BadAnswer."""
    found = next((one for one in _descriptors(told) if one[1] == _DESCRIPTOR_TYPE), b"")
    if len(found) < _DESCRIPTOR.size:
        raise BadAnswer("ccid_descriptor", "none")
    values = _DESCRIPTOR.unpack_from(found)
    voltages, features, longest = values[4], values[15], values[16]
    if not features & _APDU_LEVELS:
        raise BadAnswer("ccid_descriptor", "a reader that wants the card's own protocol")
    if longest not in MESSAGE_BYTES:
        raise BadAnswer("ccid_descriptor", "longest message")
    return Reader(_power_select(features, voltages), longest)


def _power_select(features: int, voltages: int) -> int:
    if features & _AUTOMATIC_VOLTAGE:
        return 0
    for select in (1, 2, 3):
        if voltages & 1 << select - 1:
            return select
    raise BadAnswer("ccid_descriptor", "no voltage")


def _descriptors(told: bytes) -> list[bytes]:
    found = []
    while len(told) > 1 and told[0] > 1:
        found.append(told[: told[0]])
        told = told[told[0] :]
    return found
