"""A smart card in a USB reader: power, whole APDUs, chaining, and waiting while the card asks for time.

Serves every family whose device is a reader with its card built in. One reader, one slot, one command at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Final

from devices.ccid_messages import (
    HEADER,
    Answer,
    CommandState,
    Kind,
    Level,
    error_name,
    message_bytes,
    parse,
    parse_descriptor,
    request,
    transfer,
)
from devices.contract import Wait
from devices.driver import OnWait
from devices.errors import BadAnswer, DeviceError, FrameDamaged, LinkTimeout, NotTouched, RefusedByDevice
from devices.links import BulkLink
from devices.links.deadline import Deadline

log = logging.getLogger(__name__)
_SEQUENCES: Final = 256
_ABSENT_PAUSE_S: Final = 0.5
_LONGEST_ANSWER: Final = 65_536 + 2
_PACKET_BYTES: Final = 512
"""The longest bulk packet (USB 2.0, section 5.8.3); at full speed one of its eighths."""
_CHAIN_GOES_ON: Final = (Level.BEGINS, Level.CONTINUES)


@dataclass(frozen=True, slots=True)
class Patience:
    """`answer_s`: until each message of the reader. `extended_s`: as long as the card may go on asking for
    time, or bringing one answer in parts.

    `wait` is the hand that it probably waits for while it does.
    """

    answer_s: float
    extended_s: float
    wait: Wait = Wait.NONE


class CcidCard:
    """The card behind an open bulk link. `on_transfer` is called both ways, but not for time extensions.

    Every method raises LinkFailed, FrameDamaged, BadAnswer, and RefusedByDevice with the reader's own error.
    """

    def __init__(self, link: BulkLink, on_transfer: Callable[[], None], on_wait: OnWait) -> None:
        self._link = link
        self._on_transfer = on_transfer
        self._on_wait = on_wait
        self._sequence = _SEQUENCES - 1
        self._reader = parse_descriptor(link.class_descriptor)

    def power_on(self, timeout_s: float) -> bytes:
        """Drop what an earlier program left unread, power the card, and return its answer to reset.

        A key of which another interface was in use just now says for a while that it has no card.
        """
        patience = Patience(timeout_s, timeout_s)
        until_s = monotonic() + timeout_s
        while not self._slot_status(patience).card_present:
            if monotonic() + _ABSENT_PAUSE_S >= until_s:
                raise RefusedByDevice("slot_status", "no_card")
            sleep(_ABSENT_PAUSE_S)
        own = bytes([self._reader.power_select, 0, 0])
        self._send(request(Kind.POWER_ON, self._next_sequence(), own))
        return self._answer("power_on", Kind.DATA, patience).data

    def exchange(self, apdu: bytes, patience: Patience) -> bytes:
        """One command APDU, one response APDU (two bytes at least). Raises NotTouched too."""
        answer = self._send_command(apdu, patience)
        data = answer.data
        deadline = Deadline(self._link.path, patience.extended_s)
        while answer.chain in _CHAIN_GOES_ON:
            deadline.left_s()  # raises LinkTimeout when it is over
            self._send(transfer(self._next_sequence(), Level.SEND_MORE, b""))
            answer = self._answer("transfer", Kind.DATA, patience)
            data += answer.data
            if len(data) > _LONGEST_ANSWER or not answer.data:
                raise BadAnswer("transfer", "a chain without end")
        if answer.chain not in (Level.WHOLE, Level.ENDS):
            raise BadAnswer("transfer", "chain")
        if len(data) < 2:
            raise BadAnswer("transfer", "no status word")
        return data

    def power_off(self, timeout_s: float) -> None:
        """The card forgets what is volatile: who was authenticated, and what was selected."""
        self._send(request(Kind.POWER_OFF, self._next_sequence()))
        self._answer("power_off", Kind.STATUS, Patience(timeout_s, timeout_s))

    def _slot_status(self, patience: Patience) -> Answer:
        self._send(request(Kind.SLOT_STATUS, self._next_sequence()))
        return self._answer("slot_status", Kind.STATUS, patience, drop_others=True)

    def _send_command(self, apdu: bytes, patience: Patience) -> Answer:
        """All parts of the command; the answer to the last one."""
        room = self._reader.message_bytes - HEADER.size
        parts = [apdu[i : i + room] for i in range(0, len(apdu), room)]
        for number, part in enumerate(parts):
            level = _level(number, len(parts))
            self._send(transfer(self._next_sequence(), level, part))
            answer = self._answer("transfer", Kind.DATA, patience)
            if level in _CHAIN_GOES_ON and answer.chain != Level.SEND_MORE:
                raise BadAnswer("transfer", "chain")
        return answer

    def _answer(self, command: str, kind: Kind, patience: Patience, *, drop_others: bool = False) -> Answer:
        """The answer to what was sent last; older ones are passed over, time extensions waited through."""
        deadline = Deadline(self._link.path, patience.extended_s)
        waiting = False
        try:
            while True:
                answer = self._read_answer(kind, patience.answer_s, drop_others=drop_others)
                if answer.state != CommandState.TIME_EXTENSION:
                    break
                if deadline.is_over:
                    raise self._tired(patience)
                if not waiting and patience.wait is not Wait.NONE:
                    waiting = True
                    self._on_wait(patience.wait)
        finally:
            if waiting:
                self._on_wait(Wait.NONE)
        self._on_transfer()
        return _checked(answer, command, kind)

    def _tired(self, patience: Patience) -> DeviceError:
        if patience.wait is Wait.NONE:
            return LinkTimeout(self._link.path, waited_s=patience.extended_s)
        return NotTouched(patience.extended_s)

    def _read_answer(self, kind: Kind, timeout_s: float, *, drop_others: bool) -> Answer:
        deadline = Deadline(self._link.path, timeout_s)
        while True:
            answer = parse(self._read_message(deadline))
            stale = answer.sequence != self._sequence or (drop_others and answer.kind != kind)
            if not stale:
                return answer
            log.debug("%s: an answer to an earlier command is dropped", self._link.path)

    def _read_message(self, deadline: Deadline) -> bytes:
        """One whole message; an empty transfer behind the one before belongs to nothing."""
        longest = self._reader.message_bytes
        data = b""
        while len(data) < HEADER.size or len(data) < message_bytes(data):
            part = self._link.read(_room(longest), deadline.left_s())
            if data and not part:
                raise FrameDamaged("length")
            data += part
            if len(data) >= HEADER.size and message_bytes(data) > longest:
                raise FrameDamaged("length")
        return data

    def _send(self, message: bytes) -> None:
        self._link.write(message, _WRITE_S)
        self._on_transfer()

    def _next_sequence(self) -> int:
        self._sequence = (self._sequence + 1) % _SEQUENCES
        return self._sequence


_WRITE_S: Final = 1.0
"""A reader takes a message at once or not at all."""


def _room(message_bytes: int) -> int:
    """Whole packets: a host controller calls a packet that is longer than what is left of the room babble."""
    return -(-message_bytes // _PACKET_BYTES) * _PACKET_BYTES


def _level(number: int, parts: int) -> Level:
    if parts == 1:
        return Level.WHOLE
    if number == 0:
        return Level.BEGINS
    return Level.ENDS if number == parts - 1 else Level.CONTINUES


def _checked(answer: Answer, command: str, kind: Kind) -> Answer:
    if answer.slot != 0:
        raise BadAnswer(command, "another slot")
    if answer.state == CommandState.FAILED:
        raise RefusedByDevice(command, error_name(answer.error))
    if answer.state != CommandState.DONE:
        raise BadAnswer(command, "unknown state")
    if answer.kind != kind:
        raise BadAnswer(command, "another kind of message")
    return answer
