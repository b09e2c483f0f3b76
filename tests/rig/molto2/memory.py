"""What a Molto-2 keeps in its flash, and the codes that it shows."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Final

FACTORY_KEY: Final = b"TOKEN2MOLTO1-KEY"
TRIES: Final = 10
"""Wrong answers until the device locks itself; the real number is not known."""
_HASHES: Final = {1: "sha1", 2: "sha256"}


@dataclass
class Slot:
    """One profile as an empty one is told. `clock_offset_s`: its clock minus the world's."""

    seed: bytes = field(default=b"", repr=False)
    title: str = ""
    algorithm: int = 1
    step_s: int = 30
    digits: int = 6
    display: int = 1
    clock_offset_s: int = 0

    def code(self, world_unix_time: float) -> str:
        """What the screen shows; empty without a seed."""
        if not self.seed:
            return ""
        counter = (int(world_unix_time) + self.clock_offset_s) // self.step_s
        digest = hmac.digest(self.seed, counter.to_bytes(8), _HASHES[self.algorithm])
        place = digest[-1] & 0x0F
        number = int.from_bytes(digest[place : place + 4]) & 0x7FFFFFFF
        return str(number % 10**self.digits).zfill(self.digits)


def session_key(customer_key: bytes) -> bytes:
    """The SM4 key that a customer key makes."""
    return sha1(customer_key).digest()[:16]


@dataclass
class Memory:
    """Survives the loss of power. `key` is the SM4 key, never the customer key itself."""

    slots: list[Slot]
    key: bytes = field(default=session_key(FACTORY_KEY), repr=False)
    tries_left: int = TRIES
    clock_offset_s: int = 0
    screen_locked: bool = False

    @classmethod
    def blank(cls, slots: int, clock_offset_s: int = 0) -> Memory:
        """As it leaves the factory, its clock somewhat off."""
        made = [Slot(clock_offset_s=clock_offset_s) for _ in range(slots)]
        return cls(made, clock_offset_s=clock_offset_s)
