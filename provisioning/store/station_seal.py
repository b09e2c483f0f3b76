"""Secrets on their way to one station, for one job and one fob (HPKE, RFC 9180; form in devices/contract.py)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives import hpke
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
