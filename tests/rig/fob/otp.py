"""The fob's own one-time passwords (RFC 4226, RFC 6238), by hmac alone."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final


class OtpKind(IntEnum):
    """§6, parameters, offset 1."""

    TOTP = 1
    HOTP = 2


HASHES: Final = {1: "sha1", 2: "sha256", 3: "sha512"}
SEED_BYTES: Final = {1: 20, 2: 32, 3: 64}
PARAMETER_BYTES: Final = 14
LAST_FIRST_COUNTER: Final = 0x7FFF_FFFF_FFFF_FFFF


@dataclass(frozen=True, slots=True)
class Credential:
    """What one record of the flash holds: the 14 parameter bytes as they came, and the seed."""

    parameters: bytes
    seed: bytes = field(repr=False)

    @property
    def kind(self) -> OtpKind:
        """TOTP or HOTP."""
        return OtpKind(self.parameters[1])

    @property
    def period_s(self) -> int:
        """Seconds that a TOTP code lives; 0 for HOTP."""
        return self.parameters[4]

    @property
    def first_counter(self) -> int:
        """The HOTP counter that the host set."""
        return int.from_bytes(self.parameters[5:13], "big")

    def code(self, counter: int) -> str:
        """The code of one counter or time step: RFC 4226 §5.3, zero-padded."""
        digest = hmac.digest(self.seed, counter.to_bytes(8, "big"), HASHES[self.parameters[2]])
        start = digest[-1] & 0x0F
        number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
        digits = self.parameters[3]
        return str(number % 10**digits).zfill(digits)

    def code_at(self, unix_time: int) -> str:
        """The TOTP code of an instant: RFC 6238 §4.2 with T0 = 0."""
        return self.code(unix_time // self.period_s)


def within_limits(parameters: bytes) -> bool:
    """Whether these 14 bytes name a credential that the fob takes (§4 limits, §6 parameters)."""
    slot, kind, algorithm, digits, period_s = parameters[:5]
    counter = int.from_bytes(parameters[5:13], "big")
    if slot != 1 or digits not in (6, 8) or parameters[13] != SEED_BYTES.get(algorithm):
        return False
    if kind == OtpKind.TOTP:
        return period_s in (30, 60) and counter == 0
    return kind == OtpKind.HOTP and period_s == 0 and counter <= LAST_FIRST_COUNTER
