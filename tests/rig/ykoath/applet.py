"""The OATH application: its instructions over its memory."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from hashlib import sha1
from typing import Final

from tests.rig.ykoath.hand import Hand
from tests.rig.ykoath.memory import Memory, Record, truncated
from tests.rig.ykoath.models import HOTP, TOTP, Model, SerialPlace
from tests.rig.ykoath.tlv import Fields, Refusal, tlv

NAME: Final = 0x71
LISTED: Final = 0x72
KEY: Final = 0x73
CHALLENGE: Final = 0x74
FULL: Final = 0x75
TRUNCATED: Final = 0x76
NO_RESPONSE: Final = 0x77
PROPERTY: Final = 0x78
VERSION: Final = 0x79
COUNTER: Final = 0x7A
ALGORITHM: Final = 0x7B
TOUCH: Final = 0x7C
SERIAL: Final = 0x8F

LONGEST_NAME: Final = 64
_ACCESS_KEY_BYTES: Final = 16
_WRONG_DATA: Final = 0x6A80
_WRONG_PARAMETERS: Final = 0x6B00
_LOCKED: Final = 0x6982
_FULL_MEMORY: Final = 0x6A84

Extend = Callable[[], None]


class OathApplet:
    """Between two SELECTs it is one session. `spoils_secret`: the flash keeps another secret than was sent."""

    def __init__(self, model: Model, memory: Memory, hand: Hand, serial: bytes) -> None:
        self._model = model
        self.memory = memory
        self._hand = hand
        self.serial = serial
        self.spoils_secret = False
        self.fresh_challenge: Callable[[], bytes] = lambda: secrets.token_bytes(8)
        self._challenge = b""
        self._validated = False

    def forget(self) -> None:
        """Power is gone, or another application was selected."""
        self._challenge = b""
        self._validated = False

    def select(self) -> bytes:
        """The answer to SELECT, which begins a session."""
        self.forget()
        told = tlv(VERSION, bytes(self._model.version)) + tlv(NAME, self.memory.salt)
        if self.memory.access_key:
            self._challenge = self.fresh_challenge()
            told += tlv(CHALLENGE, self._challenge) + tlv(ALGORITHM, b"\x01")
        if self._model.serial_place is SerialPlace.SELECT_ANSWER:
            told += tlv(SERIAL, self.serial)
        return told

    def perform(self, ins: int, p1: int, p2: int, data: bytes, extend: Extend) -> bytes:
        """One instruction; the whole answer without a status word. Raises Refusal."""
        whole = {0xA1: self._list, 0xA3: self._validate, 0x03: self._set_code, 0x05: self._rename}
        if ins not in (0x01, 0x02, 0x04, 0xA2, 0xA4) and ins not in whole:
            raise Refusal(0x6D00)
        if self.memory.access_key and not self._validated and ins not in (0xA3, 0x04):
            raise Refusal(_LOCKED)
        if ins == 0x04:
            return self._reset(p1, p2, extend)
        if p1 != 0 or p2 not in ((0, 1) if ins in (0xA2, 0xA4) else (0,)):
            raise Refusal(_WRONG_PARAMETERS)
        fields = Fields(data)
        if ins in whole:
            return whole[ins](fields)
        if ins == 0xA4:
            return self._calculate_all(fields, p2)
        touching = {0x01: self._put, 0x02: self._delete}
        return self._calculate(fields, p2, extend) if ins == 0xA2 else touching[ins](fields, extend)

    def _put(self, fields: Fields, extend: Extend) -> bytes:
        record = self._record(fields)
        self._wait_to_write(extend)
        memory = self.memory
        if record.name in memory.records and self._model.name_taken is not None:
            raise Refusal(self._model.name_taken)
        if record.name not in memory.records and len(memory.records) >= self._model.records:
            raise Refusal(_FULL_MEMORY)
        if self.spoils_secret:
            record.secret = bytes(reversed(record.secret))
        memory.records[record.name] = record
        return b""

    def _record(self, fields: Fields) -> Record:
        name, key = fields.take(NAME), fields.take(KEY)
        flags, counter = fields.take_flag(PROPERTY), fields.take_if(COUNTER)
        if not 0 < len(name) <= LONGEST_NAME or not 2 < len(key) <= self._model.longest_secret + 2:
            raise Refusal(_WRONG_DATA)
        kind, hash_, digits = key[0] & 0xF0, key[0] & 0x0F, key[1]
        fits = kind in (TOTP, HOTP) and hash_ in self._model.hashes and 4 <= digits <= 8
        if not fits or flags & ~0x03 or not fields.empty:
            raise Refusal(_WRONG_DATA)
        if counter is not None and (kind != HOTP or len(counter) != 4):
            raise Refusal(_WRONG_DATA)
        start = int.from_bytes(counter or b"")
        return Record(name, kind, hash_, digits, key[2:], bool(flags & 1), bool(flags & 2), start)

    def _delete(self, fields: Fields, extend: Extend) -> bytes:
        name = fields.take(NAME)
        self._wait_to_write(extend)
        self._find(name)
        del self.memory.records[name]
        return b""

    def _rename(self, fields: Fields) -> bytes:
        if not self._model.renames:
            raise Refusal(0x6D00)
        record, new = self._find(fields.take(NAME)), fields.take(NAME)
        if new in self.memory.records or not 0 < len(new) <= LONGEST_NAME:
            raise Refusal(0x6985)
        del self.memory.records[record.name]
        record.name = new
        self.memory.records[new] = record
        return b""

    def _list(self, _fields: Fields) -> bytes:
        records = self.memory.records.values()
        return b"".join(tlv(LISTED, bytes([record.kind | record.hash_]) + record.name) for record in records)

    def _calculate(self, fields: Fields, p2: int, extend: Extend) -> bytes:
        record, challenge = self._find(fields.take(NAME)), fields.take(CHALLENGE)
        if record.touch and not self._hand.wait(extend):
            raise Refusal(self._model.not_touched)
        if record.is_hotp:
            challenge = record.next_challenge(counts_first=self._model.counts_first)
        elif not 0 < len(challenge) <= 8:
            raise Refusal(_WRONG_DATA)
        elif record.increasing and challenge < record.last_challenge:
            raise Refusal(_LOCKED)
        record.last_challenge = challenge
        return self._response(record, challenge, p2)

    def _calculate_all(self, fields: Fields, p2: int) -> bytes:
        if self._model.serial_place is SerialPlace.SELECT_ANSWER:
            raise Refusal(0x6985)
        challenge = fields.take(CHALLENGE)
        told = b""
        for record in self.memory.records.values():
            told += tlv(NAME, record.name)
            if record.is_hotp:
                told += tlv(NO_RESPONSE, bytes([record.digits]))
            elif record.touch:
                told += tlv(TOUCH, bytes([record.digits]))
            else:
                told += self._response(record, challenge, p2)
        return told

    @staticmethod
    def _response(record: Record, challenge: bytes, p2: int) -> bytes:
        digest = record.digest(challenge)
        head = bytes([record.digits])
        return tlv(TRUNCATED, head + truncated(digest)) if p2 else tlv(FULL, head + digest)

    def _set_code(self, fields: Fields) -> bytes:
        if not self._model.has_access_key:
            raise Refusal(0x6D00)
        key = b"" if fields.empty else fields.take(KEY)
        if not key:
            self.memory.access_key = b""
            self._validated = True
            return b""
        challenge, response = fields.take(CHALLENGE), fields.take(FULL)
        if len(key) != _ACCESS_KEY_BYTES + 1:
            raise Refusal(_WRONG_DATA)
        if not hmac.compare_digest(response, hmac.digest(key[1:], challenge, sha1)):
            raise Refusal(0x6984)
        self.memory.access_key = key[1:]
        # this session goes on: the newer keys ask for the code from the next SELECT on
        self._validated = True
        return b""

    def _validate(self, fields: Fields) -> bytes:
        response, challenge = fields.take(FULL), fields.take(CHALLENGE)
        key = self.memory.access_key
        if not key:
            raise Refusal(0x6984 if self._model.has_access_key else 0x6D00)
        if not self._challenge or not hmac.compare_digest(response, hmac.digest(key, self._challenge, sha1)):
            raise Refusal(_WRONG_DATA)
        self._validated = True
        return tlv(FULL, hmac.digest(key, challenge, sha1))

    def _reset(self, p1: int, p2: int, extend: Extend) -> bytes:
        if (p1, p2) != (0xDE, 0xAD):
            raise Refusal(_WRONG_PARAMETERS)
        self._wait_to_write(extend)
        fresh = Memory()
        self.memory.records, self.memory.salt, self.memory.access_key = {}, fresh.salt, b""
        return b""

    def _wait_to_write(self, extend: Extend) -> None:
        if self._model.touch_to_write and not self._hand.wait(extend):
            raise Refusal(self._model.not_touched)

    def _find(self, name: bytes) -> Record:
        record = self.memory.records.get(name)
        if record is None:
            raise Refusal(self._model.no_such)
        return record
