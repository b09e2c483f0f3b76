"""Seeds at rest: anyone who issues may lock one, only the verifier may open one (R47, R51).

Every seed has a data key of its own. The seed is under AES-256-GCM with its context (institution,
credential, version) as associated data; the data key is wrapped to a key-encryption key's public half by
HPKE (RFC 9180) with the same context as info. A sealing process forgets the data key at once, so holding
the public half opens nothing. Each wrapped key names its key-encryption key, of which there may be several
at a time (provisioning.store.key_folder); the private half is a file or inside a token (provisioning.store.kek).
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import Final

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from provisioning.errors import HsmAway, HsmFault, SettingsInvalid, VaultError
from provisioning.store.data_keys import DataKeys
from provisioning.store.hsm import Token
from provisioning.store.kek import FileKek, PrivateKek, PublicKek, TokenKek
from provisioning.store.key_folder import KeyFolder

_log: Final = structlog.get_logger("kagiya.vault")
_NONCE_BYTES: Final = 12
_DATA_KEY_BYTES: Final = 32
_TAG_BYTES: Final = 16


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


@dataclass(frozen=True)
class SeedSealer:
    """The half of the vault that every issuing role has: public halves, and the name of the one in force."""

    keys: KeyFolder = field(repr=False)
    _public: dict[str, PublicKek] = field(default_factory=dict, init=False, repr=False)

    def seal(self, seed: bytes | bytearray, context: SeedContext) -> SealedSeed:
        """Lock a seed under a data key that this process forgets at once. Raises VaultError."""
        bound, kek = context.encode(), self.in_force()
        data_key = secrets.token_bytes(_DATA_KEY_BYTES)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return SealedSeed(
            sealed_seed=nonce + AESGCM(data_key).encrypt(nonce, seed, bound),
            wrapped_key=kek.wrap(data_key, bound),
            kek_id=kek.kek_id,
        )

    def in_force(self) -> PublicKek:
        """What is sealed under from now on. Raises VaultError if the directory cannot be used (any more)."""
        try:
            kek_id = self.keys.current()
            if kek_id not in self._public:
                self._public[kek_id] = PublicKek(kek_id, self.keys.public(kek_id))
        except SettingsInvalid as invalid:
            raise refused(invalid) from None
        return self._public[kek_id]


@dataclass(frozen=True)
class SeedOpener:
    """The half that only the verifier role has: private halves in files of `keys` or inside `token`."""

    keys: KeyFolder = field(repr=False)
    token: Token | None = None
    data_keys: DataKeys = field(default_factory=DataKeys, repr=False)
    _private: dict[str, PrivateKek] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def open(self, sealed: SealedSeed, context: SeedContext) -> bytearray:
        """The seed again; whoever asks overwrites it once it has served.

        Raises VaultError if anything was changed, moved or wrapped to another key; HsmAway while a token refuses.
        """
        bound = context.encode()
        name = (sealed.kek_id, sealed.wrapped_key, bound)
        data_key = self.data_keys.get(name)
        if data_key is None:
            data_key = self._unwrap(sealed, bound)
            self.data_keys.put(name, data_key)
        return _decrypt(sealed.sealed_seed, data_key, bound)

    def open_anew(self, sealed: SealedSeed, context: SeedContext) -> bytearray:
        """As `open`, but the key-encryption key is asked whatever is remembered, and nothing is afterwards.

        Whoever asks now and then how we are makes us forget what is too old, where no codes come.
        """
        self.data_keys.forget_old()
        return _decrypt(sealed.sealed_seed, self.unwrap(sealed, context), context.encode())

    def rewrap(self, sealed: SealedSeed, context: SeedContext, kek: PublicKek) -> SealedSeed:
        """The same with its data key wrapped to another key; the seed stays closed. Raises as `open`."""
        return SealedSeed(sealed.sealed_seed, kek.wrap(self.unwrap(sealed, context), context.encode()), kek.kek_id)

    def unwrap(self, sealed: SealedSeed, context: SeedContext) -> bytes:
        """The data key, which is not remembered. Raises as `open`."""
        return self._unwrap(sealed, context.encode())

    def _unwrap(self, sealed: SealedSeed, bound: bytes) -> bytes:
        return self._private_half(sealed.kek_id).unwrap(sealed.wrapped_key, bound)

    def _private_half(self, kek_id: str) -> PrivateKek:
        with self._lock:
            if kek_id not in self._private:
                self._private[kek_id] = self._load(kek_id)
            return self._private[kek_id]

    def _load(self, kek_id: str) -> PrivateKek:
        """A key that came into the directory after this process had started is found, too."""
        try:
            public = PublicKek(kek_id, self.keys.public(kek_id))
            if not public.in_token:
                return FileKek.of(public, self.keys.private(kek_id))
        except SettingsInvalid as invalid:
            raise refused(invalid) from None
        if self.token is None:
            raise HsmAway(HsmFault.TOKEN)
        return TokenKek(public, self.token)


def refused(invalid: SettingsInvalid) -> VaultError:
    """Whoever asked hears only that it is refused; the operator finds the file and what is wrong with it."""
    _log.warning("vault refused", problem=str(invalid))
    return VaultError()


def _decrypt(sealed_seed: bytes, data_key: bytes, bound: bytes) -> bytearray:
    nonce, ciphertext = sealed_seed[:_NONCE_BYTES], sealed_seed[_NONCE_BYTES:]
    opened = bytearray(max(0, len(ciphertext) - _TAG_BYTES))
    try:
        AESGCM(data_key).decrypt_into(nonce, ciphertext, bound, opened)
    except (InvalidTag, ValueError):
        raise VaultError from None
    return opened
