"""Who the fob is, and the keys agreed with it (kagiya-fob.md sections 5 and 6)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from devices.drivers.kagiya_fob.messages import (
    CERTIFICATE_BYTES,
    POINT_BYTES,
    SIGNATURE_BYTES,
    TAG_BYTES,
    Certificate,
    Command,
    Operation,
    answer_body,
    decode_certificate,
)
from devices.drivers.kagiya_fob.wire import Wire
from devices.errors import BadAnswer, NotGenuine

OPEN_BYTES: Final = CERTIFICATE_BYTES + POINT_BYTES + SIGNATURE_BYTES
_CERTIFICATE_LABEL: Final = b"kagiya-fob/1 certificate"
_SESSION_LABEL: Final = b"kagiya-fob/1 session"
_TO_FOB: Final = b"kagiya-fob/1 host to fob"
_TO_HOST: Final = b"kagiya-fob/1 fob to host"
_CURVE: Final = ec.SECP256R1()


@dataclass(frozen=True)
class Draw:
    """The host's random choices for one conversation; vectors give fixed ones."""

    nonce: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(_CURVE), repr=False)
    challenge: bytes = field(default_factory=lambda: secrets.token_bytes(32))


@dataclass(frozen=True)
class SessionKeys:
    """One AES-256-GCM key per direction, and the certificate that the fob proved to own."""

    to_fob: AESGCM = field(repr=False)
    to_host: AESGCM = field(repr=False)
    certificate: Certificate


def agree(wire: Wire, draw: Draw, trusted_root: bytes, timeout_s: float) -> SessionKeys:
    """OPEN SESSION. `trusted_root` is the manufacturer root's public key. Raises NotGenuine, BadAnswer."""
    host_key = draw.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    body = wire.ask(Command.OPEN_SESSION, draw.nonce + host_key, timeout_s)
    if len(body) != OPEN_BYTES:
        raise BadAnswer("open_session", "wrong length")
    certificate_bytes, fob_key = body[:CERTIFICATE_BYTES], body[CERTIFICATE_BYTES:-SIGNATURE_BYTES]
    certificate = decode_certificate(certificate_bytes)
    check_certificate(certificate, trusted_root)
    transcript = _SESSION_LABEL + draw.nonce + host_key + fob_key + certificate_bytes
    _verify(certificate.device_key, body[-SIGNATURE_BYTES:], transcript, "signature")
    shared = draw.key.exchange(ec.ECDH(), _point(fob_key, "session_key"))
    salt = sha256(transcript).digest()
    return SessionKeys(_key(shared, salt, _TO_FOB), _key(shared, salt, _TO_HOST), certificate)


def check_certificate(certificate: Certificate, trusted_root: bytes) -> None:
    """Raises NotGenuine unless the root signed it."""
    if certificate.root_id != sha256(trusted_root).digest()[:16]:
        raise NotGenuine("untrusted_root")
    _verify(trusted_root, certificate.signature, _CERTIFICATE_LABEL + certificate.signed, "certificate")


def trusted_root(roots: Mapping[str, bytes], name: str) -> bytes:
    """The key behind the profile's root name. Raises NotGenuine where the station trusts none by that name."""
    if name not in roots:
        raise NotGenuine("untrusted_root")
    return roots[name]


class Session:
    """Sealed operations, numbered; nothing is ever sent twice."""

    def __init__(self, wire: Wire, keys: SessionKeys) -> None:
        self._wire = wire
        self._keys = keys
        self._sequence = 0

    def perform(self, operation: Operation, body: bytes, timeout_s: float) -> bytes:
        """The answer's body. Raises RefusedByDevice when the answer's status is not OK, BadAnswer, LinkFailed."""
        name = operation.name.lower()
        number = self._sequence.to_bytes(4)
        nonce = bytes(8) + number
        self._sequence += 1
        head = bytes([self._wire.next_id(), Command.SEALED]) + number
        sealed = self._keys.to_fob.encrypt(nonce, bytes([operation]) + body, head)
        response = self._wire.exchange(head + sealed, timeout_s)
        head, sealed = response[:7], response[7:]
        if head[3:] != number or len(sealed) <= TAG_BYTES:
            raise BadAnswer(name, "wrong sequence or length")
        try:
            answer = self._keys.to_host.decrypt(nonce, sealed, head)
        except InvalidTag:
            raise BadAnswer(name, "broken seal") from None
        return answer_body(answer, name)


def sealed_bytes(request_body: int, answer_body: int) -> tuple[int, int]:
    """Lengths of the two messages that carry an operation with bodies of these lengths."""
    return 2 + 4 + 1 + request_body + TAG_BYTES, 3 + 4 + 1 + answer_body + TAG_BYTES


def _key(shared: bytes, salt: bytes, info: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=salt, info=info).derive(shared))


def _point(encoded: bytes, reason: str) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, encoded)
    except ValueError:
        raise NotGenuine(reason) from None


def _verify(public_key: bytes, signature: bytes, message: bytes, reason: str) -> None:
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    try:
        _point(public_key, reason).verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise NotGenuine(reason) from None
