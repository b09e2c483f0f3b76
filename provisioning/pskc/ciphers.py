"""The cryptography of PSKC: PBKDF2, AES in CBC mode, and the HMAC that is checked before anything is decrypted."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from provisioning.pskc.markup import Fault
from provisioning.pskc.names import CIPHER_KEY_BYTES
from provisioning.pskc_refusals import PskcFault

BLOCK_BYTES: Final = 16
LEAST_MAC_KEY_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Passphrase:
    """What the file's key is derived from."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SharedKey:
    """The file's key itself: 16, 24 or 32 bytes."""

    key: bytes = field(repr=False)


FileKey = Passphrase | SharedKey


@dataclass(frozen=True, slots=True)
class Derivation:
    """Parameters of PBKDF2."""

    salt: bytes
    iterations: int
    key_bytes: int
    prf: str = "sha1"

    def derive(self, passphrase: Passphrase) -> bytes:
        """The file's key."""
        return hashlib.pbkdf2_hmac(self.prf, passphrase.text.encode(), self.salt, self.iterations, self.key_bytes)


@dataclass(frozen=True, slots=True)
class Encrypted:
    """IV and ciphertext, with the cipher's identifier."""

    cipher: str
    octets: bytes = field(repr=False)

    def open(self, key: bytes) -> bytes:
        """The plaintext. Raises Fault; whatever needs a MAC has passed it already."""
        iv, ciphertext = self.octets[:BLOCK_BYTES], self.octets[BLOCK_BYTES:]
        if len(key) != CIPHER_KEY_BYTES[self.cipher]:
            raise Fault(PskcFault.OTHER_KIND_OF_KEY, self.cipher)
        if not ciphertext or len(ciphertext) % BLOCK_BYTES:
            raise Fault(PskcFault.BAD_VALUE, "CipherValue")
        decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
        unpadder = PKCS7(8 * BLOCK_BYTES).unpadder()
        try:
            return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()
        except ValueError:
            raise Fault(PskcFault.WRONG_KEY) from None


@dataclass(frozen=True, slots=True)
class Mac:
    """An HMAC with its key."""

    hash: str
    key: bytes = field(repr=False)

    def of(self, octets: bytes) -> bytes:
        """The MAC of IV and ciphertext."""
        return hmac.digest(self.key, octets, self.hash)

    def check(self, octets: bytes, claimed: bytes) -> None:
        """Raises Fault where `claimed` is not their MAC."""
        if not hmac.compare_digest(self.of(octets), claimed):
            raise Fault(PskcFault.NOT_AUTHENTIC)


def encrypt(key: bytes, plaintext: bytes) -> bytes:
    """A fresh IV and the ciphertext."""
    iv = secrets.token_bytes(BLOCK_BYTES)
    padder = PKCS7(8 * BLOCK_BYTES).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    padded = padder.update(plaintext) + padder.finalize()
    return iv + encryptor.update(padded) + encryptor.finalize()
