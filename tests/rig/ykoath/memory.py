"""What an OATH application keeps, and the codes it makes."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from tests.rig.ykoath.models import HOTP

HASH_NAMES: Final = {1: "sha1", 2: "sha256", 3: "sha512"}


@dataclass
class Record:
    """One credential. `kind` is TOTP or HOTP, `hash_` 1 to 3, `secret` as it was sent."""

    name: bytes
    kind: int
    hash_: int
    digits: int
    secret: bytes = field(repr=False)
    increasing: bool = False
    touch: bool = False
    counter: int = 0
    last_challenge: bytes = b""

    def digest(self, challenge: bytes) -> bytes:
        """The whole HMAC."""
        return hmac.digest(self.secret, challenge, HASH_NAMES[self.hash_])

    def next_challenge(self, *, counts_first: bool) -> bytes:
        """HOTP: the counter of the code to be made, which is used up by it."""
        used = self.counter + counts_first
        self.counter += 1
        return used.to_bytes(8)

    def code(self, step: int, *, counts_first: bool) -> str:
        """The one-time password of a time step; for HOTP the next one."""
        challenge = self.next_challenge(counts_first=counts_first) if self.is_hotp else step.to_bytes(8)
        number = int.from_bytes(truncated(self.digest(challenge)))
        return str(number % 10**self.digits).zfill(self.digits)

    @property
    def is_hotp(self) -> bool:
        """Counter-based."""
        return self.kind == HOTP


@dataclass
class Memory:
    """Survives the loss of power. `access_key` locks the application; names are in the order of writing."""

    records: dict[bytes, Record] = field(default_factory=dict)
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(8))
    access_key: bytes = field(default=b"", repr=False)


def truncated(digest: bytes) -> bytes:
    """Four bytes of it (RFC 4226, section 5.3), the sign bit cleared."""
    place = digest[-1] & 0x0F
    return bytes([digest[place] & 0x7F]) + digest[place + 1 : place + 4]
