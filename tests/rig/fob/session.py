"""The fob's end of an encrypted session (§5, §6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.rig.fob.factory import point, sign
from tests.rig.fob.otp import Credential

IDLE_S: Final = 30.0
"""A session ends when nothing was said for so long."""
_SEQUENCE_BYTES: Final = 4
_TAG_BYTES: Final = 16


class SealBroken(Exception):
    """The sequence number or the seal does not fit; the session is over."""


@dataclass
class Session:
    """Keys, the next sequence number, and what lives only as long as they do."""

    key_in: bytes = field(repr=False)
    key_out: bytes = field(repr=False)
    last_heard_s: float
    next_sequence: int = 0
    staged: Credential | None = None
    proved: bool = False
    # slot 1 was committed in this session and not erased since
    may_read: bool = False

    def open_request(self, message: bytes) -> bytes:
        """The operation inside a whole SEALED request. Raises SealBroken."""
        head, sealed = message[: 2 + _SEQUENCE_BYTES], message[2 + _SEQUENCE_BYTES :]
        sequence = int.from_bytes(head[2:], "big")
        if sequence != self.next_sequence:
            raise SealBroken
        try:
            operation = AESGCM(self.key_in).decrypt(_nonce(sequence), sealed, head)
        except InvalidTag:
            raise SealBroken from None
        self.next_sequence += 1
        return operation

    def seal_answer(self, head: bytes, answer: bytes) -> bytes:
        """A whole response: `head` (id, 83, 00), the request's sequence number, the sealed answer."""
        sequence = self.next_sequence - 1
        head += sequence.to_bytes(_SEQUENCE_BYTES, "big")
        return head + AESGCM(self.key_out).encrypt(_nonce(sequence), answer, head)


SEALED_BODY_BYTES: Final = _SEQUENCE_BYTES + _TAG_BYTES
"""The shortest body of a SEALED request: an empty operation under its tag."""


def agree(
    request_body: bytes,
    certificate: bytes,
    device_key: ec.EllipticCurvePrivateKey,
    fob_key: ec.EllipticCurvePrivateKey,
    now_s: float,
) -> tuple[Session, bytes]:
    """Answer OPEN SESSION: the new session and the 306 bytes of the response body.

    `request_body` is host nonce 32 ‖ host key 65; raises ValueError if the key is no point of the curve.
    """
    nonce, host_point = request_body[:32], request_body[32:]
    host_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), host_point)
    fob_point = point(fob_key.public_key())
    transcript = b"kagiya-fob/1 session" + nonce + host_point + fob_point + certificate
    shared = fob_key.exchange(ec.ECDH(), host_key)
    salt = sha256(transcript).digest()
    session = Session(
        key_in=_key(shared, salt, b"kagiya-fob/1 host to fob"),
        key_out=_key(shared, salt, b"kagiya-fob/1 fob to host"),
        last_heard_s=now_s,
    )
    return session, certificate + fob_point + sign(device_key, transcript)


def _key(shared: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=salt, info=info).derive(shared)


def _nonce(sequence: int) -> bytes:
    return bytes(8) + sequence.to_bytes(_SEQUENCE_BYTES, "big")
