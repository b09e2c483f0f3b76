"""What a credential's codes are made of (RFC 4226 §5, RFC 6238 §4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class OtpType(StrEnum):
    """RFC 6238 time-based or RFC 4226 counter-based."""

    TOTP = "totp"
    HOTP = "hotp"


class Algorithm(StrEnum):
    """Hash under the HMAC; the values are the names hashlib knows."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"


SEED_BYTES: Final[dict[Algorithm, int]] = {Algorithm.SHA1: 20, Algorithm.SHA256: 32, Algorithm.SHA512: 64}
"""Length of a seed in bytes: the hash's own output length (R02)."""


@dataclass(frozen=True, slots=True)
class OtpParameters:
    """Parameters of one credential. `period_s` is 30 or 60 for TOTP and 0 for HOTP; `digits` is 6 or 8.

    Raises ValueError on any other combination.
    """

    otp_type: OtpType = OtpType.TOTP
    algorithm: Algorithm = Algorithm.SHA1
    digits: int = 8
    period_s: int = 60

    def __post_init__(self) -> None:
        if self.digits not in (6, 8):
            raise ValueError(f"digits must be 6 or 8, not {self.digits}")
        periods = (30, 60) if self.otp_type is OtpType.TOTP else (0,)
        if self.period_s not in periods:
            raise ValueError(f"period_s must be one of {periods} for {self.otp_type}, not {self.period_s}")

    @property
    def seed_bytes(self) -> int:
        """Length in bytes of a seed for these parameters."""
        return SEED_BYTES[self.algorithm]
