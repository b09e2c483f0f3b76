"""A second soft-token client, written from docs/app-protocol.md alone. Imports nothing of the product."""

from __future__ import annotations

import hmac
import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import pbkdf2_hmac, sha256
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TO_SERVER = "kagiya app 1 app to server"
TO_APP = "kagiya app 1 server to app"
SEED_BYTES = {"sha1": 20, "sha256": 32, "sha512": 64}


class Refused(Exception):
    """The server did not answer 200."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {body.get('error')}")
        self.status = status
        self.body = body


class NotAuthentic(Exception):
    """The answer does not come from who knows the activation password, or has not the form described."""


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def listed(*texts: str) -> bytes:
    return b"".join(struct.pack(">I", len(t.encode())) + t.encode() for t in texts)


def jwk_of(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    point = key.public_key().public_numbers()
    x, y = (b64(number.to_bytes(32, "big")) for number in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def thumbprint(jwk: Mapping[str, str]) -> str:
    canonical = json.dumps({"crv": "P-256", "kty": "EC", "x": jwk["x"], "y": jwk["y"]}, separators=(",", ":"))
    return b64(sha256(canonical.encode()).digest())


def password_key(activation_password: str, salt: bytes, iterations: int, setup_code: str | None = None) -> bytes:
    known = activation_password
    if setup_code is not None:
        known += ":" + "".join(setup_code.split()).upper()
    return pbkdf2_hmac("sha256", known.encode("ascii"), salt, iterations, 32)


def direction_key(key: bytes, info: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=info.encode()).derive(key)


def proof_input(origin: str, request: Mapping[str, Any], print_: str) -> bytes:
    names = ("service_id", "user_id", "nonce", "app_nonce")
    return listed(TO_SERVER, origin, *(request[name] for name in names), print_)


def answer_input(origin: str, answer: Mapping[str, Any], print_: str) -> bytes:
    otp, institution = answer["otp"], answer["institution"]
    return listed(
        TO_APP,
        origin,
        *(answer[name] for name in ("service_id", "user_id", "nonce", "app_nonce")),
        print_,
        answer["ticket"],
        institution["ja"],
        institution["en"],
        otp["type"],
        otp["algorithm"],
        str(otp["digits"]),
        str(otp["period_s"]),
        answer["seed_jwe"],
    )


def concat_kdf(shared: bytes, header: Mapping[str, Any]) -> bytes:
    def counted(data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + data

    info = counted(b"A256GCM") + counted(unb64(header["apu"])) + counted(unb64(header["apv"]))
    return sha256(struct.pack(">I", 1) + shared + info + struct.pack(">I", 256)).digest()


def open_jwe(compact: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    head, none, iv, sealed, tag = compact.split(".")
    header = json.loads(unb64(head))
    if none or header["alg"] != "ECDH-ES" or header["enc"] != "A256GCM" or header["epk"]["crv"] != "P-256":
        raise NotAuthentic
    x, y = (int.from_bytes(unb64(header["epk"][name]), "big") for name in ("x", "y"))
    epk = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    content_key = concat_kdf(key.exchange(ec.ECDH(), epk), header)
    return AESGCM(content_key).decrypt(unb64(iv), unb64(sealed) + unb64(tag), head.encode())


@dataclass
class Token:
    """What a set-up leaves behind."""

    seed: bytes
    algorithm: str
    digits: int
    period_s: int
    institution: dict[str, str]

    def code(self, at: datetime) -> str:
        """The one-time password at an instant."""
        counter = struct.pack(">Q", int(at.timestamp()) // self.period_s)
        mac = hmac.digest(self.seed, counter, self.algorithm)
        offset = mac[-1] & 15
        number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
        return f"{number % 10**self.digits:0{self.digits}d}"


@dataclass
class IndependentClient:
    """One set-up. `base` is where requests go; `origin` is where the client believes it was loaded from."""

    base: str
    service_id: str
    user_id: str
    activation_password: str
    origin: str = ""
    least_iterations: int = 600_000
    setup_code: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.origin = self.origin or self.base

    def post(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = httpx.post(f"{self.base}/api/app/v1/{what}", json=body, timeout=30)
        if answer.status_code != 200:
            raise Refused(answer.status_code, answer.json())
        found: dict[str, Any] = answer.json()
        return found

    def begin(self) -> dict[str, Any]:
        begun = self.post("begin", {"service_id": self.service_id, "user_id": self.user_id})
        if begun["version"] != 1 or not self.least_iterations <= begun["iterations"] <= 10_000_000:
            raise NotAuthentic
        return begun

    def request(self, begun: Mapping[str, Any]) -> dict[str, Any]:
        """A whole request of `complete` with its MAC."""
        jwk = jwk_of(self.key)
        request = {
            "service_id": self.service_id,
            "user_id": self.user_id,
            "nonce": begun["nonce"],
            "app_nonce": b64(os.urandom(32)),
            "origin": self.origin,
            "app_key": jwk,
        }
        covered = proof_input(self.origin, request, thumbprint(jwk))
        return request | {"mac": b64(hmac.digest(self._key(begun, TO_SERVER), covered, "sha256"))}

    def receive(self, begun: Mapping[str, Any], answer: Mapping[str, Any]) -> Token:
        """Check an answer of `complete` and take the seed out."""
        covered = answer_input(self.origin, answer, thumbprint(jwk_of(self.key)))
        expected = hmac.digest(self._key(begun, TO_APP), covered, "sha256")
        ids = (answer["version"], answer["service_id"], answer["user_id"])
        if not hmac.compare_digest(unb64(answer["mac"]), expected) or ids != (1, self.service_id, self.user_id):
            raise NotAuthentic
        otp = answer["otp"]
        if (otp["type"], otp["digits"] in {6, 8}, otp["period_s"] in {30, 60}) != ("totp", True, True):
            raise NotAuthentic
        seed = open_jwe(answer["seed_jwe"], self.key)
        if len(seed) != SEED_BYTES.get(otp["algorithm"]):
            raise NotAuthentic
        return Token(seed, otp["algorithm"], otp["digits"], otp["period_s"], answer["institution"])

    def set_up(self) -> Token:
        """Everything, as an app does."""
        begun = self.begin()
        return self.receive(begun, self.post("complete", self.request(begun)))

    def _key(self, begun: Mapping[str, Any], direction: str) -> bytes:
        code = self.setup_code if begun["needs_setup_code"] else None
        key = password_key(self.activation_password, unb64(begun["salt"]), begun["iterations"], code)
        return direction_key(key, direction)
