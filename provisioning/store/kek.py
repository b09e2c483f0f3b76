"""Key-encryption keys: the public half wraps data keys, the private half, in a file or a token, unwraps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from provisioning.errors import VaultError
from provisioning.store.hpke_p256 import open_sealed
from provisioning.store.hsm import Token
from provisioning.store.key_folder import POINT_BYTES

_X25519: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_P256: Final = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class PublicKek:
    """`raw` is 32 bytes of X25519 (the private half is a file) or a point of P-256 (it is inside a token)."""

    kek_id: str
    raw: bytes

    @property
    def in_token(self) -> bool:
        """Whether the private half is inside a hardware security module."""
        return len(self.raw) == POINT_BYTES

    def wrap(self, data_key: bytes, bound: bytes) -> bytes:
        """Seal a data key that opens only with the same `bound`. Raises VaultError for a key that is none."""
        try:
            if self.in_token:
                point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self.raw)
                return _P256.encrypt(data_key, point, bound)
            return _X25519.encrypt(data_key, X25519PublicKey.from_public_bytes(self.raw), bound)
        except ValueError:
            raise VaultError from None


class PrivateKek(Protocol):
    """The half that only the verifier role has."""

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """The data key. Raises VaultError if it was changed, or sealed to another key or with another `bound`."""
        ...


@dataclass(frozen=True, slots=True)
class FileKek:
    """The private half in memory, from a key file."""

    private: X25519PrivateKey = field(repr=False)

    @staticmethod
    def of(public: PublicKek, raw: bytes) -> FileKek:
        """From the 32 bytes of the file. Raises VaultError if they are not the other half of `public`."""
        private = X25519PrivateKey.from_private_bytes(raw)
        if private.public_key().public_bytes_raw() != public.raw:
            raise VaultError
        return FileKek(private)

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """As PrivateKek has it."""
        try:
            return _X25519.decrypt(wrapped, self.private, bound)
        except (InvalidTag, ValueError):
            raise VaultError from None


@dataclass(frozen=True, slots=True)
class TokenKek:
    """The private half inside a token, where it stays: it does the Diffie-Hellman of one unwrapping."""

    public: PublicKek
    token: Token

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """As PrivateKek has it. Raises HsmAway, too."""
        return open_sealed(wrapped, self.public.raw, bound, lambda at: self.token.derive(self.public.kek_id, at))
