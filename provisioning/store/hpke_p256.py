"""Opening what HPKE sealed to a P-256 key whose private half is elsewhere (RFC 9180: base mode, one message).

DHKEM(P-256, HKDF-SHA-256), HKDF-SHA-256, AES-256-GCM. The private half does one Diffie-Hellman; everything after
it is here. Sealing needs no private half and is the library's own; the tests hold both against each other.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from provisioning.errors import VaultError

_POINT_BYTES: Final = 65
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_BASE_MODE: Final = b"\x00"
_KEM_SUITE: Final = b"KEM\x00\x10"
_HPKE_SUITE: Final = b"HPKE\x00\x10\x00\x01\x00\x02"


def open_sealed(sealed: bytes, public: bytes, info: bytes, exchange: Callable[[bytes], bytes]) -> bytes:
    """What is in `sealed`. `public`: the receiver's key, uncompressed; `exchange`: its Diffie-Hellman with a point
    that is known to be on the curve.

    Raises VaultError if it was changed or sealed otherwise, and what `exchange` raises.
    """
    point, ciphertext = sealed[:_POINT_BYTES], sealed[_POINT_BYTES:]
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise VaultError from None
    shared = _shared_secret(exchange(point), point + public)
    key, nonce = _schedule(shared, info)
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, b"")
    except (InvalidTag, ValueError):
        raise VaultError from None


def _shared_secret(exchanged: bytes, both_points: bytes) -> bytes:
    """RFC 9180 §4.1, ExtractAndExpand."""
    drawn = _extract(_KEM_SUITE, b"", b"eae_prk", exchanged)
    return _expand(_KEM_SUITE, drawn, b"shared_secret", both_points, _KEY_BYTES)


def _schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """RFC 9180 §5.1, KeySchedule without a pre-shared key; the first message's nonce is the base nonce."""
    no_psk = _extract(_HPKE_SUITE, b"", b"psk_id_hash", b"")
    context = _BASE_MODE + no_psk + _extract(_HPKE_SUITE, b"", b"info_hash", info)
    secret = _extract(_HPKE_SUITE, shared, b"secret", b"")
    key = _expand(_HPKE_SUITE, secret, b"key", context, _KEY_BYTES)
    return key, _expand(_HPKE_SUITE, secret, b"base_nonce", context, _NONCE_BYTES)


def _extract(suite: bytes, salt: bytes, label: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + suite + label + secret, sha256)


def _expand(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return HKDFExpand(SHA256(), length, labelled).derive(secret)
