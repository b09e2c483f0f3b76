"""Seeds at rest: anyone who issues may lock one, only the verifier may open one (R47, R51).

Every seed has a data key of its own. The seed is under AES-256-GCM with its context (institution,
credential, version) as associated data; the data key is wrapped to a public key by HPKE (RFC 9180:
DHKEM X25519, HKDF-SHA-256, AES-256-GCM) with the same context as info. A sealing process forgets
the data key at once, so holding the public half opens nothing.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from provisioning.errors import VaultError

_SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_NONCE_BYTES: Final = 12
_DATA_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SeedContext:
    """Whose seed it is; a ciphertext moved to another row does not open."""

    institution_id: str
    credential_id: str
    seed_version: int

    def encode(self) -> bytes:
        """The bytes that both layers are bound to."""
        return f"kagiya seed 1\n{self.institution_id}\n{self.credential_id}\n{self.seed_version}".encode()


@dataclass(frozen=True, slots=True)
class SealedSeed:
    """What the row keeps: nonce with ciphertext, the wrapped data key, the wrapping key's name."""

    sealed_seed: bytes
    wrapped_key: bytes
    kek_id: str


class SeedSealer(Protocol):
    """The half of the vault that every issuing role has."""

    def seal(self, seed: bytes, context: SeedContext) -> SealedSeed:
        """Lock a seed. Raises VaultError."""
        ...


class SeedOpener(Protocol):
    """The half that only the verifier role has."""

    def open(self, sealed: SealedSeed, context: SeedContext) -> bytes:
        """The seed again. Raises VaultError if anything was changed, moved or wrapped to another key."""
        ...


@dataclass(frozen=True)
class PublicKeySealer:
    """Seals to one X25519 public key, known by `kek_id`."""

    kek_id: str
    public_key: X25519PublicKey

    def seal(self, seed: bytes, context: SeedContext) -> SealedSeed:
        """Lock a seed under a data key that this process forgets at once."""
        bound = context.encode()
        data_key = secrets.token_bytes(_DATA_KEY_BYTES)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return SealedSeed(
            sealed_seed=nonce + AESGCM(data_key).encrypt(nonce, seed, bound),
            wrapped_key=_SUITE.encrypt(data_key, self.public_key, bound),
            kek_id=self.kek_id,
        )


@dataclass
class KeyFileOpener:
    """Opens with private keys loaded from key files, by `kek_id`. Caches at most `cache_size` data keys."""

    private_keys: dict[str, X25519PrivateKey] = field(repr=False)
    cache_size: int = 1_000
    _cache: OrderedDict[tuple[str, bytes], bytes] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def open(self, sealed: SealedSeed, context: SeedContext) -> bytes:
        """Unwrap (or take from the cache) the data key and open the seed. Raises VaultError."""
        bound = context.encode()
        data_key = self._data_key(sealed, bound)
        nonce, ciphertext = sealed.sealed_seed[:_NONCE_BYTES], sealed.sealed_seed[_NONCE_BYTES:]
        try:
            return AESGCM(data_key).decrypt(nonce, ciphertext, bound)
        except (InvalidTag, ValueError):
            raise VaultError from None

    def _data_key(self, sealed: SealedSeed, bound: bytes) -> bytes:
        name = (sealed.kek_id, sealed.wrapped_key)
        with self._lock:
            cached = self._cache.get(name)
            if cached is not None:
                self._cache.move_to_end(name)
                return cached
        private_key = self.private_keys.get(sealed.kek_id)
        if private_key is None:
            raise VaultError
        try:
            data_key = _SUITE.decrypt(sealed.wrapped_key, private_key, bound)
        except (InvalidTag, ValueError):
            raise VaultError from None
        with self._lock:
            self._cache[name] = data_key
            while len(self._cache) > self.cache_size:
                self._cache.popitem(last=False)
        return data_key
