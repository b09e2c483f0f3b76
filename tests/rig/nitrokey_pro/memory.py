"""Slots and clock. Slots, counters and the stored minutes stay without power; staging and seconds do not."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

SECRET_BYTES: Final = 40
NAME_BYTES: Final = 15
TOKEN_ID_BYTES: Final = 13
CHUNK_BYTES: Final = 30
HOTP_SLOTS: Final = range(0x10, 0x14)
TOTP_SLOTS: Final = range(0x20, 0x2F)
RESERVED_SLOT: Final = 0x13
EIGHT_DIGITS: Final = 0x01
_EPOCH_S: Final = 1_388_534_400
"""2014-01-01, from which the stored minutes count."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One page: what `commit` wrote. `step_s` is a TOTP period; an HOTP slot's counter is kept apart."""

    name: bytes
    secret: bytes = field(repr=False)
    flags: int
    token_id: bytes
    step_s: int

    @property
    def digits(self) -> int:
        """Of its codes."""
        return 8 if self.flags & EIGHT_DIGITS else 6

    def code(self, moment: int) -> int:
        """RFC 4226 for a counter or a time step."""
        mac = hmac.digest(self.secret, moment.to_bytes(8, "big"), "sha1")
        start = mac[-1] & 0x0F
        number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
        return int(number % 10**self.digits)


@dataclass
class Staging:
    """A slot on its way. It is cleared when a transaction begins, not when one is given up."""

    name: bytearray = field(default_factory=lambda: bytearray(NAME_BYTES))
    secret: bytearray = field(default_factory=lambda: bytearray(SECRET_BYTES), repr=False)
    begun: bool = False

    def begin(self) -> None:
        """Clear it, unless a transaction is open."""
        if not self.begun:
            self.name, self.secret, self.begun = bytearray(NAME_BYTES), bytearray(SECRET_BYTES), True

    def put_name(self, data: bytes) -> bytes:
        """Returns what is staged now."""
        self.name[:] = data[:NAME_BYTES]
        return bytes(self.name)

    def put_secret(self, chunk: int, data: bytes) -> bytes:
        """Returns the whole secret as it is staged now."""
        start = chunk * CHUNK_BYTES
        start = start if start <= SECRET_BYTES else 0
        end = min(start + CHUNK_BYTES, SECRET_BYTES)
        self.secret[start:end] = data[: end - start]
        return bytes(self.secret)


class Clock:
    """Minutes in flash, seconds in RAM that begin with 0 at every power-up. `broken`: it cannot be set."""

    def __init__(self, world: Callable[[], float]) -> None:
        self._world = world
        self.stored_minutes = 0
        self.broken = False
        self.lose_power()

    def lose_power(self) -> None:
        """The seconds are gone."""
        self._set_to, self._set_at = 0, self._world()

    def set(self, unix_time: int) -> bool:
        """Whether it could be set."""
        if self.broken:
            return False
        self._set_to, self._set_at = unix_time, self._world()
        self.stored_minutes = max(0, unix_time - _EPOCH_S) // 60
        return True

    def takes(self, unix_time: int) -> bool:
        """Whether a time is not older than the one stored, and one was ever stored."""
        return self.stored_minutes != 0 and self.stored_minutes <= (unix_time - _EPOCH_S) // 60

    def now(self) -> int:
        """Unix time in seconds, if it was set since the power came."""
        return self._set_to + int(self._world() - self._set_at)


@dataclass
class Memory:
    """Everything but the card."""

    clock: Clock
    slots: dict[int, Slot] = field(default_factory=dict)
    counters: dict[int, int] = field(default_factory=dict)
    config: bytes = b"\xff\xff\xff\x00\x00"
    staging: Staging = field(default_factory=Staging)
    admin_password: bytes | None = field(default=None, repr=False)
    user_password: bytes | None = field(default=None, repr=False)

    def lose_power(self) -> None:
        """What is staged and who is logged in is forgotten."""
        self.staging = Staging()
        self.admin_password = self.user_password = None
        self.clock.lose_power()

    def reset(self) -> None:
        """As from the factory."""
        self.slots, self.counters, self.config = {}, {}, b"\xff\xff\xff\x00\x00"
        self.lose_power()

    def commit(self, number: int, value: int, flags: int, token_id: bytes) -> None:
        """What is staged becomes the slot; a secret of nothing but zeros leaves the old one."""
        secret = bytes(self.staging.secret)
        if not any(secret) and number in self.slots:
            secret = self.slots[number].secret
        if number in HOTP_SLOTS:
            self.counters[number] = value
        self.slots[number] = Slot(bytes(self.staging.name), secret, flags, token_id, value & 0xFFFF)

    def erase(self, number: int) -> None:
        """Empty a slot, also an empty one."""
        self.slots.pop(number, None)
        self.counters.pop(number, None)

    def next_code(self, number: int) -> int:
        """The code of a slot that holds something; an HOTP counter goes on."""
        slot = self.slots[number]
        if number in TOTP_SLOTS:
            return slot.code(self.clock.now() // max(1, slot.step_s))
        counter = self.counters[number]
        self.counters[number] = counter + 1
        return slot.code(counter)
