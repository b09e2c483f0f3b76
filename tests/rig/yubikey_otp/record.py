"""What a slot holds: the 52 bytes of a configuration as they were written, and the HOTP counter beside them."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from enum import IntFlag
from typing import Final

from tests.rig.yubikey_otp.checksum import RESIDUE, checksum

RECORD_BYTES: Final = 52
ACCESS_BYTES: Final = 6
_UID: Final = slice(16, 22)
_KEY: Final = slice(22, 38)
_ACCESS: Final = slice(38, 44)
_EXTENDED: Final = 45
_TICKET: Final = 46
_CONFIG: Final = 47
_CHECKSUM: Final = 50


class Extended(IntFlag):
    """Byte 45."""

    SERIAL_BY_API = 0x04
    ALLOW_UPDATE = 0x20


class Ticket(IntFlag):
    """Byte 46. OATH also stands for challenge-response; byte 47 tells which."""

    APPEND_RETURN = 0x20
    OATH = 0x40


class Config(IntFlag):
    """Byte 47."""

    EIGHT_DIGITS = 0x02
    HMAC_SHORT = 0x04
    TOUCH = 0x08
    CHALLENGE = 0x20
    CHALLENGE_HMAC = 0x22


_MAY_CHANGE: Final = {_EXTENDED: 0xFF, _TICKET: 0x3F, _CONFIG: 0x0C}
"""Bits that an update may change, by byte."""


@dataclass(frozen=True, slots=True)
class Record:
    """One configured slot."""

    body: bytes = field(repr=False)
    counter: int = 0

    @classmethod
    def written(cls, body: bytes) -> Record:
        """A new record: HOTP begins at 16 times the last two bytes of uid."""
        return cls(body, int.from_bytes(body[20:22], "big") * 16)

    @property
    def access(self) -> bytes:
        """The six bytes that whoever writes must know; zeros: nobody needs to."""
        return self.body[_ACCESS]

    @property
    def secret(self) -> bytes:
        """The OATH secret: the key, then four bytes of uid."""
        return self.body[_KEY] + self.body[_UID][:4]

    @property
    def extended(self) -> Extended:
        """Flags of byte 45."""
        return Extended(self.body[_EXTENDED])

    @property
    def answers_challenges(self) -> bool:
        """Whether it is an HMAC-SHA1 challenge-response slot."""
        wanted = Config.CHALLENGE_HMAC
        return bool(self.body[_TICKET] & Ticket.OATH) and self.body[_CONFIG] & wanted == wanted

    @property
    def is_hotp(self) -> bool:
        """Whether a touch types an RFC 4226 code."""
        return bool(self.body[_TICKET] & Ticket.OATH) and not self.body[_CONFIG] & Config.CHALLENGE

    @property
    def needs_touch(self) -> bool:
        """Whether it does nothing without a finger."""
        return not self.answers_challenges or bool(self.body[_CONFIG] & Config.TOUCH)

    @property
    def digits(self) -> int:
        """Of an HOTP code."""
        return 8 if self.body[_CONFIG] & Config.EIGHT_DIGITS else 6

    @property
    def ending(self) -> str:
        """What it types behind a code."""
        return "\n" if self.body[_TICKET] & Ticket.APPEND_RETURN else ""

    def response(self, block: bytes) -> bytes:
        """HMAC-SHA1 of a challenge in its 64-byte block; with HMAC_SHORT the padding at the end is taken off."""
        short = self.body[_CONFIG] & Config.HMAC_SHORT
        challenge = block.rstrip(block[-1:]) if short else block
        return hmac.digest(self.secret, challenge, "sha1")

    def typed(self) -> tuple[str, Record]:
        """The next HOTP code, and the record with its counter moved on."""
        mac = hmac.digest(self.secret, self.counter.to_bytes(8, "big"), "sha1")
        return truncated(mac, self.digits) + self.ending, replace(self, counter=self.counter + 1)

    def updated(self, body: bytes, *, keeps_access: bool) -> Record:
        """With the flags of `body`, as far as an update may change them, and its access code."""
        changed = bytearray(self.body)
        for place, mask in _MAY_CHANGE.items():
            changed[place] = (changed[place] & ~mask) | (body[place] & mask)
        if not keeps_access:
            changed[_ACCESS] = body[_ACCESS]
        return replace(self, body=bytes(changed))


def truncated(mac: bytes, digits: int) -> str:
    """The code of an HMAC (RFC 4226 section 5.3)."""
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def is_whole(body: bytes) -> bool:
    """Whether a configuration carries the complement of its CRC."""
    return checksum(body) == RESIDUE


def is_blank(body: bytes) -> bool:
    """Whether a configuration is the one that clears a slot."""
    return not any(body)
