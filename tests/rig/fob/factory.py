"""The rig's own manufacturer: a root key, and fobs with device keys certified by it (§5).

The root is made for one rig and kept in its data directory; no shipped profile trusts it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.rig.files import replace_json

TEXT_BYTES: Final = 16
_CERTIFICATE_WORDS: Final = b"kagiya-fob/1 certificate"


def point(public_key: ec.EllipticCurvePublicKey) -> bytes:
    """65 bytes: 04 ‖ X ‖ Y."""
    return public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def sign(private_key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """64 bytes r ‖ s, ECDSA over SHA-256 of `message`, nonces after RFC 6979."""
    r, s = decode_dss_signature(private_key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def padded(text: str) -> bytes:
    """16 bytes of ASCII, filled with 00."""
    return text.encode("ascii").ljust(TEXT_BYTES, b"\0")


@dataclass(frozen=True)
class Case:
    """What the factory burns in: printed serial, model, firmware, the device key and its certificate."""

    serial: str
    model: str
    firmware: tuple[int, int, int]
    device_key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: bytes = field(repr=False)


class Manufacturer:
    """Holds the root key; makes cases."""

    def __init__(self, root_key: ec.EllipticCurvePrivateKey) -> None:
        self._root_key = root_key

    @classmethod
    def in_directory(cls, data_dir: Path) -> Manufacturer:
        """The manufacturer of one rig, made at the first call and the same ever after."""
        file = data_dir / "manufacturer.json"
        if not file.exists():
            data_dir.mkdir(parents=True, exist_ok=True)
            replace_json(file, {"root_private": _to_hex(ec.generate_private_key(ec.SECP256R1()))})
        return cls(_from_hex(json.loads(file.read_bytes())["root_private"]))

    @property
    def root_public(self) -> bytes:
        """The root's public key, 65 bytes."""
        return point(self._root_key.public_key())

    @property
    def root_id(self) -> bytes:
        """16 bytes that name the root in certificates and profiles."""
        return sha256(self.root_public).digest()[:16]

    def certify(self, serial: str, model: str, device_key: ec.EllipticCurvePrivateKey) -> bytes:
        """A certificate of 177 bytes."""
        told = padded(serial) + padded(model) + point(device_key.public_key()) + self.root_id
        return told + sign(self._root_key, _CERTIFICATE_WORDS + told)

    def make_case(self, serial: str, model: str, firmware: tuple[int, int, int]) -> Case:
        """A new fob's lasting facts, with a fresh device key."""
        device_key = ec.generate_private_key(ec.SECP256R1())
        return Case(serial, model, firmware, device_key, self.certify(serial, model, device_key))


def forged_certificate(case: Case) -> bytes:
    """The case's certificate with a signature that the named root never made."""
    told = case.certificate[:113]
    return told + sign(ec.generate_private_key(ec.SECP256R1()), _CERTIFICATE_WORDS + told)


def store_case(file: Path, case: Case) -> None:
    """Keep a case; the device key with it, mode 0600."""
    value = {
        "serial": case.serial,
        "model": case.model,
        "firmware": list(case.firmware),
        "device_private": _to_hex(case.device_key),
        "certificate": case.certificate.hex(),
    }
    replace_json(file, value)


def load_case(file: Path) -> Case:
    """The case kept in `file`."""
    value = json.loads(file.read_bytes())
    major, minor, patch = value["firmware"]
    device_key = _from_hex(value["device_private"])
    certificate = bytes.fromhex(value["certificate"])
    return Case(value["serial"], value["model"], (major, minor, patch), device_key, certificate)


def _to_hex(private_key: ec.EllipticCurvePrivateKey) -> str:
    return private_key.private_numbers().private_value.to_bytes(32, "big").hex()


def _from_hex(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(text, 16), ec.SECP256R1())
