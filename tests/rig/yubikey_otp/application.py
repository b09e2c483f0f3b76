"""The OTP application: two slots, the programming sequence, and what each command does to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from tests.rig.yubikey_otp.checksum import with_checksum
from tests.rig.yubikey_otp.record import ACCESS_BYTES, RECORD_BYTES, Extended, Record, is_blank, is_whole

Firmware = tuple[int, int, int]
PAYLOAD_BYTES: Final = 64
_UPDATE_KEEPS_ACCESS: Final = ((4, 3, 2), (4, 3, 5))
"""First and last firmware that silently keeps the old access code when it is told to update a slot."""
_FIRST_INFO: Final = (4, 0, 0)
_FIRST_UPDATE: Final = (2, 3, 0)
_FIRST_CHALLENGE: Final = (2, 2, 0)
_FIRST_SECOND_FLAG: Final = (2, 1, 0)
_FIRST_TOUCH_FLAGS: Final = (3, 0, 0)


class Command(IntEnum):
    """Byte 64 of a frame."""

    CONFIGURE_1 = 0x01
    CONFIGURE_2 = 0x03
    UPDATE_1 = 0x04
    UPDATE_2 = 0x05
    SWAP = 0x06
    SERIAL = 0x10
    SCAN_MAP = 0x12
    INFO = 0x13
    CHALLENGE_1 = 0x30
    CHALLENGE_2 = 0x38


class Refused(Exception):
    """The application does nothing and says nothing: the sequence stays as it was."""


@dataclass
class Application:
    """What survives without power. `cached_sequence` is what a NEO's keyboard shows, which may be an old one."""

    firmware: Firmware
    serial: int
    slots: dict[int, Record] = field(default_factory=dict)
    sequence: int = 0
    cached_sequence: int = 0
    capabilities: int = 0
    # where nothing is configured, the serial number may be asked for or not: not known of every firmware
    tells_serial_when_empty: bool = True
    sequence_after_255: int = 1

    @property
    def caches(self) -> bool:
        """Whether the keyboard shows the sequence as it last heard of it."""
        return self.firmware[0] == 3

    def status(self) -> bytes:
        """Bytes 0 to 6 of the report that is read while nothing goes on."""
        sequence = self.cached_sequence if self.caches else self.sequence
        return bytes([0, *self.firmware, sequence, self._flags(), 0])

    def run(self, command: int, payload: bytes) -> bytes | None:
        """Do it: an answer with its checksum, or None for a change that went well. Raises Refused."""
        try:
            act = _ACTIONS[command]
        except KeyError:
            raise Refused from None
        try:
            return act(self, payload)
        finally:
            self.cached_sequence = self.sequence

    def change_unseen(self) -> None:
        """Something was written over another interface: a NEO's keyboard does not know yet."""
        self._count()

    def waits_for_touch(self, command: int) -> bool:
        """Whether that command is a challenge to a slot that wants a finger."""
        slot = _CHALLENGED.get(command)
        record = self.slots.get(slot) if slot else None
        return record is not None and record.answers_challenges and record.needs_touch

    def press(self, slot: int) -> str:
        """What the keyboard types for a short (1) or long (2) touch."""
        record = self.slots.get(slot)
        if record is None or not record.is_hotp:
            return ""
        text, self.slots[slot] = record.typed()
        return text

    def configure(self, slot: int, payload: bytes) -> None:
        """Write or clear a slot."""
        body = payload[:RECORD_BYTES]
        self._check_access(slot, payload)
        if is_blank(body):
            self.slots.pop(slot, None)
        elif is_whole(body):
            self.slots[slot] = Record.written(body)
        else:
            raise Refused
        self._count()

    def update(self, slot: int, payload: bytes) -> None:
        """Change a slot's flags and access code, never its secret."""
        body, held = payload[:RECORD_BYTES], self.slots.get(slot)
        if held is None or not held.extended & Extended.ALLOW_UPDATE or self.firmware < _FIRST_UPDATE:
            raise Refused
        self._check_access(slot, payload)
        if not is_whole(body):
            raise Refused
        first, last = _UPDATE_KEEPS_ACCESS
        self.slots[slot] = held.updated(body, keeps_access=first <= self.firmware <= last)
        self._count()

    def swap(self, _payload: bytes) -> None:
        """Exchange the slots."""
        if self.firmware < _FIRST_UPDATE:
            raise Refused
        self.slots = {3 - slot: record for slot, record in self.slots.items()}
        self._count()

    def tell_serial(self, _payload: bytes) -> bytes:
        """Four bytes, where a slot allows it."""
        allowed = any(record.extended & Extended.SERIAL_BY_API for record in self.slots.values())
        if not allowed and (self.slots or not self.tells_serial_when_empty):
            raise Refused
        return with_checksum(self.serial.to_bytes(4, "big"))

    def tell_info(self, _payload: bytes) -> bytes:
        """Length, then tag-length-value fields."""
        if self.firmware < _FIRST_INFO:
            raise Refused
        fields = {
            0x01: bytes([self.capabilities]),
            0x02: self.serial.to_bytes(4, "big"),
            0x03: bytes([self.capabilities]),
            0x04: b"\x01",
            0x05: bytes(self.firmware),
            0x0A: b"\x00",
        }
        told = b"".join(bytes([tag, len(value)]) + value for tag, value in fields.items())
        return with_checksum(bytes([len(told)]) + told)

    def set_scan_map(self, _payload: bytes) -> None:
        """No map that tests send is a good one."""
        raise Refused

    def calculate(self, slot: int, payload: bytes) -> bytes:
        """HMAC-SHA1 of the challenge."""
        record = self.slots.get(slot)
        if record is None or not record.answers_challenges or self.firmware < _FIRST_CHALLENGE:
            raise Refused
        return with_checksum(record.response(payload))

    def _check_access(self, slot: int, payload: bytes) -> None:
        held = self.slots.get(slot)
        told = payload[RECORD_BYTES : RECORD_BYTES + ACCESS_BYTES]
        if held is not None and any(held.access) and held.access != told:
            raise Refused

    def _count(self) -> None:
        if not self.slots:
            self.sequence = 0
        else:
            self.sequence = self.sequence_after_255 if self.sequence == 255 else self.sequence + 1

    def _flags(self) -> int:
        flags = 0
        for slot, record in self.slots.items():
            if slot == 1 or self.firmware >= _FIRST_SECOND_FLAG:
                flags |= slot
            if record.needs_touch and self.firmware >= _FIRST_TOUCH_FLAGS:
                flags |= 4 * slot
        return flags


_CHALLENGED: Final[dict[int, int]] = {Command.CHALLENGE_1: 1, Command.CHALLENGE_2: 2}
_ACTIONS: Final[dict[int, Callable[[Application, bytes], bytes | None]]] = {
    Command.CONFIGURE_1: lambda app, payload: app.configure(1, payload),
    Command.CONFIGURE_2: lambda app, payload: app.configure(2, payload),
    Command.UPDATE_1: lambda app, payload: app.update(1, payload),
    Command.UPDATE_2: lambda app, payload: app.update(2, payload),
    Command.SWAP: Application.swap,
    Command.SERIAL: Application.tell_serial,
    Command.SCAN_MAP: Application.set_scan_map,
    Command.INFO: Application.tell_info,
    Command.CHALLENGE_1: lambda app, payload: app.calculate(1, payload),
    Command.CHALLENGE_2: lambda app, payload: app.calculate(2, payload),
}
