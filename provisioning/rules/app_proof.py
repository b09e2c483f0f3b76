"""The arithmetic of the activation protocol: keys, message authentication, names of keys (docs/app-protocol.md).

Nothing here is secret-dependent beyond the password key, and nothing is stored or sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

VERSION: Final = 1
KEY_BYTES: Final = 32
SALT_BYTES: Final = 16
APP_NONCE_BYTES: Final = 32


class Direction(StrEnum):
    """Label of the HKDF step: each side speaks under a key of its own (R23)."""

    APP_TO_SERVER = "kagiya app 1 app to server"
    SERVER_TO_APP = "kagiya app 1 server to app"


@dataclass(frozen=True, slots=True)
class AppKey:
    """The app's fresh P-256 public key: JWK coordinates, base64url of 32 bytes each (RFC 7518 §6.2)."""

    x: str
    y: str

    def jwk(self) -> dict[str, str]:
        """The key as a JWK (RFC 7517) with the required members only."""
        return {"crv": "P-256", "kty": "EC", "x": self.x, "y": self.y}

    def thumbprint(self) -> str:
        """RFC 7638: base64url of the SHA-256 of the canonical JWK."""
        canonical = json.dumps(self.jwk(), separators=(",", ":"), sort_keys=True)
        return to_base64url(hashlib.sha256(canonical.encode()).digest())


@dataclass(frozen=True, slots=True)
class Setting:
    """What both sides agree to be talking about, each text exactly as it is sent."""

    origin: str
    service_id: str
    user_id: str
    nonce: str
    app_nonce: str
    thumbprint: str

    def texts(self) -> tuple[str, ...]:
        """In the order in which both message authentication codes cover them."""
        return (self.origin, self.service_id, self.user_id, self.nonce, self.app_nonce, self.thumbprint)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the server hands over: the seed as a JWE to the app's key, and what to do with it."""

    ticket: str
    institution_ja: str
    institution_en: str
    otp_type: str
    algorithm: str
    digits: int
    period_s: int
    seed_jwe: str = field(repr=False)

    def texts(self) -> tuple[str, ...]:
        """In the order in which the server's message authentication code covers them."""
        return (
            self.ticket,
            self.institution_ja,
            self.institution_en,
            self.otp_type,
            self.algorithm,
            str(self.digits),
            str(self.period_s),
            self.seed_jwe,
        )


def password_key(activation_password: str, salt: bytes, iterations: int, setup_code: str | None = None) -> bytes:
    """PBKDF2-HMAC-SHA-256 (RFC 8018 §5.2), 32 bytes; with a set-up code, over both (strict profile, R20)."""
    # neither holds a colon, so no two pairs make one text
    typed = activation_password if setup_code is None else f"{activation_password}:{setup_code}"
    return hashlib.pbkdf2_hmac("sha256", typed.encode(), salt, iterations, KEY_BYTES)


def proof_mac(password_key: bytes, setting: Setting) -> bytes:
    """The app's proof that it knows the activation password, 32 bytes."""
    return _mac(password_key, Direction.APP_TO_SERVER, setting.texts())


def answer_mac(password_key: bytes, setting: Setting, delivery: Delivery) -> bytes:
    """The server's proof that it knew the password too and sent exactly this, 32 bytes (R24)."""
    return _mac(password_key, Direction.SERVER_TO_APP, setting.texts() + delivery.texts())


def listed(texts: tuple[str, ...]) -> bytes:
    """Texts as one byte string that can be read in one way only: each as 4 bytes length and UTF-8."""
    encoded = [text.encode() for text in texts]
    return b"".join(len(one).to_bytes(4, "big") + one for one in encoded)


def to_base64url(data: bytes) -> str:
    """Base64url without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Back again. Raises ValueError unless `text` is the one canonical form of its bytes."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("not base64url") from None
    if to_base64url(data) != text:
        raise ValueError("not canonical base64url")
    return data


def _mac(key: bytes, direction: Direction, texts: tuple[str, ...]) -> bytes:
    return hmac.digest(_hkdf(key, direction.value), listed((direction.value, *texts)), "sha256")


def _hkdf(key: bytes, info: str) -> bytes:
    """HKDF-SHA-256 (RFC 5869) without salt, one block of 32 bytes."""
    pseudorandom = hmac.digest(bytes(KEY_BYTES), key, "sha256")
    return hmac.digest(pseudorandom, info.encode() + b"\x01", "sha256")
