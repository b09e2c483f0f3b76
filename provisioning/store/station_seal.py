"""A seed on its way to one station, for one job and one fob (HPKE, RFC 9180; form in devices/contract.py)."""

from __future__ import annotations

import base64
from typing import Final

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

_SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def seal_for_station(seed: bytes, sealing_key: bytes, station_id: str, job_id: str, serial: str) -> str:
    """`seed` encrypted to the station's X25519 key (raw, 32 bytes) as base64; it opens for this job only."""
    info = f"kagiya job seed 1\n{station_id}\n{job_id}\n{serial}".encode()
    return base64.b64encode(_SUITE.encrypt(seed, X25519PublicKey.from_public_bytes(sealing_key), info)).decode()
