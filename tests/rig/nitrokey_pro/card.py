"""The smart card inside: an admin PIN and a user PIN, each with its tries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

TRIES: Final = 3
FACTORY_ADMIN: Final = b"12345678"
FACTORY_USER: Final = b"123456"
_LONGEST: Final = 32


@dataclass
class Pin:
    """One PIN. A right one gives the tries back; without tries left nothing is right."""

    value: bytes = field(repr=False)
    shortest: int
    tries: int = TRIES

    def verify(self, told: bytes) -> bool:
        """Whether it is right; a wrong one costs a try."""
        if self.tries == 0:
            return False
        if told != self.value:
            self.tries -= 1
            return False
        self.tries = TRIES
        return True

    def change(self, value: bytes) -> bool:
        """Whether the card takes it as the new PIN."""
        if not self.shortest <= len(value) <= _LONGEST:
            return False
        self.value, self.tries = value, TRIES
        return True


@dataclass
class Card:
    """`serial` is the card's, which is the stick's too."""

    serial: int
    admin: Pin = field(default_factory=lambda: Pin(FACTORY_ADMIN, 8))
    user: Pin = field(default_factory=lambda: Pin(FACTORY_USER, 6))

    def reset(self) -> None:
        """Factory PINs."""
        self.admin, self.user = Pin(FACTORY_ADMIN, 8), Pin(FACTORY_USER, 6)
