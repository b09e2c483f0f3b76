"""Authenticated encryption for small things at rest: AES-256-GCM bound to a context (R47, R66)."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from provisioning.errors import VaultError

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class Box:
    """Seals bytes under one key. Output: 12 bytes nonce, ciphertext, 16 bytes tag."""

    def __init__(self, key: bytes, purpose: str) -> None:
        """`key` is 32 bytes; `purpose` separates boxes made from the same key."""
        self._aead = AESGCM(derive(key, f"kagiya box {purpose}"))
        self._hash_key = derive(key, f"kagiya hash {purpose}")

    def __repr__(self) -> str:
        return "Box(…)"

    def hash(self, data: bytes) -> bytes:
        """32 bytes that are equal for equal `data` and cannot be made or foreseen without the key."""
        return hmac.digest(self._hash_key, data, sha256)

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt `plain`; it opens only with the same `context`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt. Raises VaultError if anything was changed or belongs elsewhere."""
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):
            raise VaultError from None


def derive(key: bytes | bytearray, info: str) -> bytes:
    """A 32-byte key for one purpose (HKDF-SHA-256, RFC 5869)."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info.encode()).derive(key)
