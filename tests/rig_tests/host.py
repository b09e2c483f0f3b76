"""A small host after the protocol document, to ask the emulated fob what the product's driver never asks."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

STAGE, PROVE, COMMIT, SET_CLOCK, READ_CODE, ERASE, STATUS, END = 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x1F
TOTP_8_60: Final = bytes.fromhex("010101083c000000000000000014")
HOTP_6: Final = bytes.fromhex("0102010600000000000000000514")
SEED: Final = bytes(range(20))

Ask = Callable[[bytes], bytes]
"""One request to one response."""


@dataclass
class Host:
    """One session; `ask` is the fob's `answer` or anything that carries messages to it."""

    ask: Ask
    key_out: bytes
    key_in: bytes
    sequence: int = 0

    @classmethod
    def open(cls, ask: Ask) -> Host:
        """Open a session without checking the certificate."""
        own, nonce = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(32)
        host_point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        response = ask(b"\x01\x02" + nonce + host_point)
        assert response[:3] == b"\x01\x82\x00"
        certificate, fob_point = response[3:180], response[180:245]
        transcript = b"kagiya-fob/1 session" + nonce + host_point + fob_point + certificate
        shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), fob_point))
        salt = sha256(transcript).digest()

        def key(way: bytes) -> bytes:
            return HKDF(SHA256(), 32, salt=salt, info=b"kagiya-fob/1 " + way).derive(shared)

        return cls(ask, key(b"host to fob"), key(b"fob to host"))

    def sealed(self, operation: bytes) -> bytes:
        """A whole SEALED request with the next sequence number."""
        head = b"\x02\x03" + self.sequence.to_bytes(4, "big")
        sealed = head + AESGCM(self.key_out).encrypt(bytes(8) + head[2:], operation, head)
        self.sequence += 1
        return sealed

    def run(self, op: int, body: bytes = b"") -> tuple[int, bytes]:
        """Status byte and body of the answer to one operation; an outer status comes as 0x100 + status."""
        response = self.ask(self.sealed(bytes([op]) + body))
        if response[2] != 0:
            return 0x100 + response[2], b""
        head = response[:7]
        answer = AESGCM(self.key_in).decrypt(bytes(8) + head[3:], response[7:], head)
        return answer[0], answer[1:]

    def write(self, parameters: bytes = TOTP_8_60, seed: bytes = SEED, generation: int = 0) -> int:
        """Stage, prove and commit; the status of the commit."""
        assert self.run(STAGE, parameters + seed) == (0, b"")
        assert self.run(PROVE, bytes(32))[0] == 0
        return self.run(COMMIT, generation.to_bytes(4, "big"))[0]
