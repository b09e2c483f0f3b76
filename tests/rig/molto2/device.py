"""The emulated token: a card that answers APDUs, a screen, and the up-arrow key."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from tests.rig.molto2.memory import FACTORY_KEY, TRIES, Memory, Slot, session_key
from tests.rig.molto2.sm4 import BLOCK_BYTES, Sm4

MAC_BYTES: Final = 4
CHALLENGE_BYTES: Final = 8
_MAC_CLASS: Final = 0x80
_SEALED_CLASS: Final = 0x84
_TITLE_BYTES: Final = 16
_KEY_BODY_BYTES: Final = 32
_PUBLIC_BLOCK: Final = 0x70


class Word(IntEnum):
    """Status words. Those of a wrong MAC and of a missing authentication are guesses: no source tells them."""

    DONE = 0x9000
    ASKS = 0x9060
    TRIES = 0x6300
    WRONG_LENGTH = 0x6700
    NOT_AUTHENTICATED = 0x6982
    LOCKED = 0x6983
    WRONG_MAC = 0x6988
    WRONG_DATA = 0x6A80
    NO_SEED = 0x6A83
    NO_PROFILE = 0x6A86
    UNKNOWN = 0x6D00
    TRAILING_LE = 0x6FFB


class Refusal(Exception):
    """The answer is a status word alone."""

    def __init__(self, word: int) -> None:
        super().__init__(f"{word:04X}")
        self.word = word


@dataclass(frozen=True, slots=True)
class Hardware:
    """What differs between the two revisions."""

    vendor_id: int
    product_id: int
    slots: int


FIRST: Final = Hardware(0x1EA8, 0x800F, 50)
SECOND: Final = Hardware(0x349E, 0x0300, 100)


@dataclass(frozen=True, slots=True)
class Apdu:
    """A short command APDU. `has_le`: a byte stood behind the data."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    has_le: bool

    @classmethod
    def parse(cls, raw: bytes) -> Apdu:
        """Raises Refusal."""
        if len(raw) < 4:
            raise Refusal(Word.WRONG_LENGTH)
        if len(raw) <= 5:
            return cls(raw[0], raw[1], raw[2], raw[3], b"", len(raw) == 5)
        data = raw[5 : 5 + raw[4]]
        if len(data) != raw[4] or len(raw) - 5 - raw[4] > 1:
            raise Refusal(Word.WRONG_LENGTH)
        return cls(raw[0], raw[1], raw[2], raw[3], data, len(raw) == 6 + raw[4])


class Molto2:
    """One token. Safe between threads; `power_off` forgets the session and an unanswered question.

    Faults: `clock_stopped` (it can be set and does not run or keep what was set), `told_serial` in place of the
    real one, `spoils_seed` (the flash keeps another seed than was sent), `presses_at_once` (a hand is waiting).
    """

    def __init__(
        self,
        serial: str,
        hardware: Hardware,
        world_unix_time: Callable[[], float],
        memory: Memory | None = None,
    ) -> None:
        self.serial = serial
        self.hardware = hardware
        self.memory = memory or Memory.blank(hardware.slots)
        self.fresh_challenge: Callable[[], bytes] = lambda: secrets.token_bytes(CHALLENGE_BYTES)
        self.clock_stopped = False
        self.told_serial = ""
        self.spoils_seed = False
        self.presses_at_once = False
        self._world_unix_time = world_unix_time
        self._lock = threading.RLock()
        self._challenge = b""
        self._authenticated = False
        self._question: Callable[[], None] | None = None

    @property
    def atr(self) -> bytes:
        """No source tells the real one."""
        return bytes.fromhex("3B00")

    def power_on(self) -> None:
        """A fresh session."""
        self.power_off()

    def power_off(self) -> None:
        """What is volatile is gone."""
        with self._lock:
            self._challenge = b""
            self._authenticated = False
            self._question = None

    def exchange(self, apdu: bytes, extend: Callable[[], None]) -> bytes:
        """One command, one answer; it never asks for more time."""
        del extend
        with self._lock:
            try:
                return self._answer(Apdu.parse(apdu))
            except Refusal as refusal:
                return refusal.word.to_bytes(2)

    @property
    def asks(self) -> bool:
        """Whether the screen asks for the up-arrow key."""
        with self._lock:
            return self._question is not None

    def press_up(self) -> None:
        """The up-arrow key: yes to what the screen asks."""
        with self._lock:
            if self._question is not None:
                question, self._question = self._question, None
                question()

    def shows(self, profile: int) -> str:
        """The code on the screen for one profile, from 0; empty without a seed."""
        with self._lock:
            return self.memory.slots[profile].code(self._world_unix_time())

    def _answer(self, apdu: Apdu) -> bytes:
        plain = {0x41: self._read, 0x4B: self._give_challenge, 0xCE: self._check_answer, 0xE6: self._delete}
        plain |= {0x56: self._factory_reset, 0xD8: self._lock_screen}
        sealed = {0xC5: self._write_seed, 0xD5: self._write_title, 0xD4: self._write_parameters}
        sealed |= {0xD7: self._change_key}
        if apdu.cla == _SEALED_CLASS and apdu.ins in sealed:
            return sealed[apdu.ins](apdu, self._unwrapped(apdu))
        if apdu.cla == _MAC_CLASS and apdu.ins in plain:
            return plain[apdu.ins](apdu)
        raise Refusal(Word.UNKNOWN)

    def _unwrapped(self, apdu: Apdu) -> bytes:
        """The body in front of its MAC."""
        if not self._authenticated:
            raise Refusal(Word.NOT_AUTHENTICATED)
        body, mac = apdu.data[:-MAC_BYTES], apdu.data[-MAC_BYTES:]
        covered = bytes([_MAC_CLASS, apdu.ins, apdu.p1, apdu.p2, len(body)]) + body
        if len(covered) % BLOCK_BYTES:
            covered = _padded(covered)
        if not hmac.compare_digest(mac, Sm4(self.memory.key).last_cbc_block(covered)[:MAC_BYTES]):
            raise Refusal(Word.WRONG_MAC)
        return body

    def _slot(self, number: int) -> Slot:
        if number >= len(self.memory.slots):
            raise Refusal(Word.NO_PROFILE)
        return self.memory.slots[number]

    def _read(self, apdu: Apdu) -> bytes:
        if apdu.p1 != 0:
            raise Refusal(Word.NO_PROFILE)
        if apdu.data == bytes([_PUBLIC_BLOCK]):
            if apdu.has_le:
                raise Refusal(Word.TRAILING_LE)
            return self._public_block(self._slot(apdu.p2)) + _done()
        serial = (self.told_serial or self.serial).encode()
        told = bytes([len(serial)]) + serial + bytes.fromhex("0F04") + self._clock(self.memory.clock_offset_s)
        return bytes([0x95, len(told) + 1, 0x8F]) + told + _done()

    def _public_block(self, slot: Slot) -> bytes:
        times = self._clock(slot.clock_offset_s) + bytes(4)
        told = bytes([0]) + slot.title.encode().ljust(_TITLE_BYTES, b"\0") + times
        told += bytes([slot.algorithm, slot.step_s, slot.digits, bool(slot.seed)])
        return bytes([0x95, len(told) + 2, _PUBLIC_BLOCK, len(told)]) + told

    def _clock(self, offset_s: int) -> bytes:
        if self.clock_stopped:
            return bytes(4)
        return (int(self._world_unix_time()) + offset_s).to_bytes(4)

    def _give_challenge(self, apdu: Apdu) -> bytes:
        if (apdu.p1, apdu.p2) != (CHALLENGE_BYTES, 0):
            raise Refusal(Word.WRONG_LENGTH)
        self._authenticated = False
        self._challenge = self.fresh_challenge()
        return self._challenge + _done()

    def _check_answer(self, apdu: Apdu) -> bytes:
        memory = self.memory
        challenge, self._challenge = self._challenge, b""
        if memory.tries_left == 0:
            raise Refusal(Word.LOCKED)
        if not challenge:
            raise Refusal(Word.NOT_AUTHENTICATED)
        expected = Sm4(memory.key).encrypt_block(challenge + bytes(BLOCK_BYTES - CHALLENGE_BYTES))
        if not hmac.compare_digest(apdu.data, expected):
            memory.tries_left -= 1
            raise Refusal(Word.TRIES + memory.tries_left)
        memory.tries_left = TRIES
        self._authenticated = True
        return _done()

    def _write_seed(self, apdu: Apdu, body: bytes) -> bytes:
        slot = self._slot(apdu.p2)
        if apdu.p1 != 1 or not body or len(body) % BLOCK_BYTES:
            raise Refusal(Word.WRONG_DATA)
        plain = Sm4(self.memory.key).decrypt_ecb(body)
        if not any(plain):
            slot.seed = b""
            return _done()
        seed = _unpadded(plain)
        slot.seed = bytes(reversed(seed)) if self.spoils_seed else seed
        return _done()

    def _write_title(self, apdu: Apdu, body: bytes) -> bytes:
        slot = self._slot(apdu.p2)
        if apdu.p1 != 0 or len(body) != _TITLE_BYTES:
            raise Refusal(Word.WRONG_DATA)
        try:
            slot.title = _unpadded(Sm4(self.memory.key).decrypt_ecb(body)).decode()
        except UnicodeDecodeError:
            raise Refusal(Word.WRONG_DATA) from None
        return _done()

    def _write_parameters(self, apdu: Apdu, body: bytes) -> bytes:
        slot = self._slot(apdu.p2)
        match tuple(body):
            case (0x81, 0x06, 0x0F, 0x04, *clock) if len(clock) == 4:
                self._set_clock(slot, int.from_bytes(bytes(clock)))
            case (0x81, 0x14, 0x1F, 1, display, 0x0F, 4, a, b, c, d, 0x86, 9, 0x0A, 1, hash_, 0x0B, 1, digits,
                  0x0D, 1, step) if self._known(display, hash_, digits, step):  # fmt: skip
                slot.display, slot.algorithm, slot.digits, slot.step_s = display, hash_, digits, step
                self._set_clock(slot, int.from_bytes(bytes((a, b, c, d))))
            case _:
                raise Refusal(Word.WRONG_DATA)
        return _done()

    @staticmethod
    def _known(display: int, algorithm: int, digits: int, step: int) -> bool:
        return display < 4 and algorithm in (1, 2) and digits in (4, 6, 8, 10) and step in (30, 60)

    def _set_clock(self, slot: Slot, unix_time: int) -> None:
        slot.clock_offset_s = self.memory.clock_offset_s = unix_time - int(self._world_unix_time())

    def _change_key(self, apdu: Apdu, body: bytes) -> bytes:
        if (apdu.p1, apdu.p2, len(body)) != (0, 0, _KEY_BODY_BYTES):
            raise Refusal(Word.WRONG_DATA)
        plain = Sm4(self.memory.key).decrypt_ecb(body)
        if plain[0] != 0 or plain[17:] != b"\x80" + bytes(14):
            raise Refusal(Word.WRONG_DATA)
        return self._ask(lambda: self._take_key(plain[1:17]))

    def _take_key(self, key: bytes) -> None:
        self.memory.key = key
        self._authenticated = False

    def _delete(self, apdu: Apdu) -> bytes:
        slot = self._slot(apdu.p2)
        if not slot.seed:
            raise Refusal(Word.NO_SEED)
        # no authentication, and the title stays: seen on hardware
        slot.seed = b""
        return _done()

    def _lock_screen(self, apdu: Apdu) -> bytes:
        if not self._authenticated:
            raise Refusal(Word.NOT_AUTHENTICATED)
        self.memory.screen_locked = apdu.data == b""
        return _done()

    def _factory_reset(self, apdu: Apdu) -> bytes:
        del apdu
        return self._ask(self._forget_everything)

    def _forget_everything(self) -> None:
        self.memory = Memory.blank(self.hardware.slots, self.memory.clock_offset_s)
        self._authenticated = False

    def _ask(self, question: Callable[[], None]) -> bytes:
        self._question = question
        if self.presses_at_once:
            self.press_up()
        return Word.ASKS.to_bytes(2)

    def lock_with(self, customer_key: bytes = FACTORY_KEY) -> None:
        """A token that somebody has locked before."""
        self.memory.key = session_key(customer_key)


def _done() -> bytes:
    return Word.DONE.to_bytes(2)


def _padded(value: bytes) -> bytes:
    return value + b"\x80" + bytes(-(len(value) + 1) % BLOCK_BYTES)


def _unpadded(plain: bytes) -> bytes:
    """Raises Refusal when no 80 stands before the zeros."""
    value = plain.rstrip(b"\0")
    if value[-1:] != b"\x80":
        raise Refusal(Word.WRONG_DATA)
    return value[:-1]
