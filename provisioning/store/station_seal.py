"""What a station can rely upon: secrets sealed for it, one job and one fob (HPKE, RFC 9180), and signed answers.

Forms in devices/contract.py.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

_SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class SealedFor(StrEnum):
    """What a secret is; it opens as nothing else."""

    SEED = "kagiya job seed 1"
    ACCESS_CODE = "kagiya access code 1"


@dataclass(frozen=True, slots=True)
class StationSeal:
    """The X25519 key (raw, 32 bytes) of a station, and the one job and fob for which a secret is to open."""

    sealing_key: bytes
    station_id: str
    job_id: str
    serial: str

    def seal(self, secret: bytes, purpose: SealedFor) -> str:
        """`secret` encrypted to the station, as base64."""
        info = f"{purpose}\n{self.station_id}\n{self.job_id}\n{self.serial}".encode()
        key = X25519PublicKey.from_public_bytes(self.sealing_key)
        return base64.b64encode(_SUITE.encrypt(secret, key, info)).decode()


class AnswerSigner:
    """Signs what stations are answered, so that nobody between can answer for the server (R76)."""

    def __init__(self, key: bytes) -> None:
        """`key` is 32 bytes (Ed25519); a station keeps believing the one that it enrolled under."""
        self._key = Ed25519PrivateKey.from_private_bytes(key)

    def __repr__(self) -> str:
        return "AnswerSigner(…)"

    @property
    def public_key(self) -> bytes:
        """What a station is told as it enrols."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, text: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(text)
