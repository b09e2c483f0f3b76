"""Answers bulk messages as a reader does (USB CCID rev. 1.1, section 6) and hands APDUs to its card.

Written from the specification: the station's side (devices.ccid) is never imported here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from tests.rig.usb.plan import CcidInterface

Send = Callable[[bytes], None]
"""Takes one bulk-IN message."""
HEADER_BYTES: Final = 10
_HEADER: Final = struct.Struct("<BIBBBBB")
_ACTIVE: Final = 0
_INACTIVE: Final = 1
_ABSENT: Final = 2
_FAILED: Final = 0x40
_TIME_EXTENSION: Final = 0x80
_AUTOMATIC_VOLTAGE: Final = 0x08
_T1_PARAMETERS: Final = bytes.fromhex("11 10 00 4D 00 FE 00")
_T0_PARAMETERS: Final = bytes.fromhex("11 00 00 0A 00")


class Command(IntEnum):
    """Host to reader."""

    SET_PARAMETERS = 0x61
    POWER_ON = 0x62
    POWER_OFF = 0x63
    SLOT_STATUS = 0x65
    GET_PARAMETERS = 0x6C
    RESET_PARAMETERS = 0x6D
    ICC_CLOCK = 0x6E
    XFR_BLOCK = 0x6F
    ABORT = 0x72


class Reply(IntEnum):
    """Reader to host."""

    DATA_BLOCK = 0x80
    SLOT_STATUS = 0x81
    PARAMETERS = 0x82


class Error(IntEnum):
    """bError of a command that failed."""

    NOT_SUPPORTED = 0x00
    BAD_LENGTH = 0x01
    BAD_SLOT = 0x05
    BAD_POWER_SELECT = 0x07
    BAD_LEVEL = 0x08
    CARD_MUTE = 0xFE


class Level(IntEnum):
    """wLevelParameter, and bChainParameter of the answer."""

    WHOLE = 0x00
    BEGINS = 0x01
    ENDS = 0x02
    CONTINUES = 0x03
    SEND_MORE = 0x10


class _Refused(Exception):
    def __init__(self, error: Error) -> None:
        super().__init__(error.name)
        self.error = error


class CcidReader:
    """One slot with its card. Messages come one after the other.

    `absent_looks`: so many times it will tell that there is no card, as after another interface was in use.
    """

    def __init__(self, interface: CcidInterface) -> None:
        self._interface = interface
        self._card = interface.card
        self._active = False
        self._command = b""
        self._answer = b""
        self.absent_looks = 0
        self._parameters = _T1_PARAMETERS if interface.protocols & 2 else _T0_PARAMETERS

    def take(self, message: bytes, send: Send) -> None:
        """One bulk-OUT message; every answer goes to `send` at once, time extensions while the card works."""
        if len(message) < HEADER_BYTES:
            return
        kind, length, slot, sequence, *own = _HEADER.unpack(message[:HEADER_BYTES])
        answering = _Answering(self, send, sequence)
        try:
            _check_head(length == len(message) - HEADER_BYTES, Error.BAD_LENGTH)
            _check_head(slot == 0, Error.BAD_SLOT)
            self._perform(kind, bytes(own), message[HEADER_BYTES:], answering)
        except _Refused as refusal:
            reply = Reply.DATA_BLOCK if kind in (Command.POWER_ON, Command.XFR_BLOCK) else Reply.SLOT_STATUS
            answering.fail(reply, refusal.error)

    def slot_change(self) -> bytes:
        """What the interrupt endpoint tells once: a card is present and its state changed."""
        return bytes([0x50, 0x03])

    def lose_power(self) -> None:
        """The cable is out."""
        self._active = False
        self._command = self._answer = b""
        self._card.power_off()

    @property
    def card_state(self) -> int:
        """bmICCStatus."""
        if self.absent_looks:
            return _ABSENT
        return _ACTIVE if self._active else _INACTIVE

    def _perform(self, kind: int, own: bytes, data: bytes, answering: _Answering) -> None:
        match kind:
            case Command.POWER_ON:
                answering.data(self._power_on(own[0]))
            case Command.XFR_BLOCK:
                self._transfer(int.from_bytes(own[1:3], "little"), data, answering)
            case Command.POWER_OFF:
                self.lose_power()
                answering.status()
            case Command.SLOT_STATUS:
                answering.status()
                self.absent_looks = max(0, self.absent_looks - 1)
            case Command.ABORT | Command.ICC_CLOCK:
                answering.status()
            case Command.SET_PARAMETERS:
                self._parameters = data
                answering.parameters(self._protocol, self._parameters)
            case Command.GET_PARAMETERS | Command.RESET_PARAMETERS:
                answering.parameters(self._protocol, self._parameters)
            case _:
                raise _Refused(Error.NOT_SUPPORTED)

    @property
    def _protocol(self) -> int:
        return 1 if len(self._parameters) == len(_T1_PARAMETERS) else 0

    def _power_on(self, select: int) -> bytes:
        """`select`: 0 automatic, 1 5 V, 2 3 V, 3 1.8 V."""
        if self.absent_looks:
            raise _Refused(Error.CARD_MUTE)
        interface = self._interface
        automatic = bool(interface.features & _AUTOMATIC_VOLTAGE)
        fits = automatic if select == 0 else select <= 3 and bool(interface.voltages & 1 << select - 1)
        if not fits:
            raise _Refused(Error.BAD_POWER_SELECT)
        self._card.power_on()
        self._active = True
        self._command = self._answer = b""
        return self._card.atr

    def _transfer(self, level: int, data: bytes, answering: _Answering) -> None:
        if not self._active:
            raise _Refused(Error.CARD_MUTE)
        if level == Level.SEND_MORE:
            self._send_answer(answering, Level.CONTINUES)
            return
        if level not in (Level.WHOLE, Level.BEGINS, Level.CONTINUES, Level.ENDS):
            raise _Refused(Error.BAD_LEVEL)
        if level in (Level.WHOLE, Level.BEGINS):
            self._command = b""
        self._command += data
        if level in (Level.BEGINS, Level.CONTINUES):
            answering.data(b"", Level.SEND_MORE)
            return
        command, self._command = self._command, b""
        self._answer = self._card.exchange(command, answering.extend)
        self._send_answer(answering, Level.BEGINS)

    def _send_answer(self, answering: _Answering, first: Level) -> None:
        """As much of the answer as one message holds; `first` is the chain parameter when more follows."""
        room = self._interface.max_message_bytes - HEADER_BYTES
        part, self._answer = self._answer[:room], self._answer[room:]
        last = Level.WHOLE if first is Level.BEGINS else Level.ENDS
        answering.data(part, first if self._answer else last)


def _check_head(holds: bool, error: Error) -> None:
    if not holds:
        raise _Refused(error)


class _Answering:
    """Where the answers to one message go."""

    def __init__(self, reader: CcidReader, send: Send, sequence: int) -> None:
        self._reader = reader
        self._send = send
        self._sequence = sequence

    def data(self, data: bytes, chain: Level = Level.WHOLE) -> None:
        """RDR_to_PC_DataBlock."""
        self._message(Reply.DATA_BLOCK, 0, 0, chain, data)

    def status(self) -> None:
        """RDR_to_PC_SlotStatus."""
        self._message(Reply.SLOT_STATUS, 0, 0, 0, b"")

    def parameters(self, protocol: int, data: bytes) -> None:
        """RDR_to_PC_Parameters."""
        self._message(Reply.PARAMETERS, 0, 0, protocol, data)

    def extend(self) -> None:
        """A time extension of one waiting time."""
        self._message(Reply.DATA_BLOCK, _TIME_EXTENSION, 1, 0, b"")

    def fail(self, reply: Reply, error: Error) -> None:
        """The command failed."""
        self._message(reply, _FAILED, error, 0, b"")

    def _message(self, reply: Reply, state: int, error: int, own: int, data: bytes) -> None:
        status = state | self._reader.card_state
        self._send(_HEADER.pack(reply, len(data), 0, self._sequence, status, error, own) + data)
