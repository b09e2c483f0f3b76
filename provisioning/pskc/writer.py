"""A file of seeds in PSKC: AES-256-CBC under a key derived from a passphrase, every seed under an HMAC-SHA-256."""

from __future__ import annotations

import base64
import html
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from provisioning.pskc.ciphers import Derivation, Mac, Passphrase, encrypt
from provisioning.pskc.keys import PskcKey
from provisioning.pskc.names import DS_MORE, PKCS5, PSKC, XENC, XENC11
from provisioning.rules.parameters import OtpType

ITERATIONS: Final = 600_000
_HMAC: Final = f"{DS_MORE}hmac-sha256"
_CIPHER: Final = f"{XENC}aes256-cbc"
_KEY_BYTES: Final = 32


def write_pskc(keys: Iterable[PskcKey], passphrase: Passphrase, iterations: int = ITERATIONS) -> bytes:
    """The whole file."""
    derivation = Derivation(secrets.token_bytes(16), iterations, _KEY_BYTES, "sha256")
    key, mac = derivation.derive(passphrase), Mac("sha256", secrets.token_bytes(_KEY_BYTES))
    packages = "".join(_package(each, key, mac) for each in keys)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<pskc:KeyContainer Version="1.0" xmlns:pskc="{PSKC}" xmlns:xenc="{XENC}" xmlns:xenc11="{XENC11}"'
        f' xmlns:pkcs5="{PKCS5}">\n'
        f"<pskc:EncryptionKey>{_derived_key(derivation)}</pskc:EncryptionKey>\n"
        f'<pskc:MACMethod Algorithm="{_HMAC}">'
        f"<pskc:MACKey>{_encrypted(encrypt(key, mac.key))}</pskc:MACKey></pskc:MACMethod>\n"
        f"{packages}</pskc:KeyContainer>\n"
    ).encode()


def _derived_key(derivation: Derivation) -> str:
    return (
        f'<xenc11:DerivedKey><xenc11:KeyDerivationMethod Algorithm="{PKCS5}pbkdf2"><pkcs5:PBKDF2-params>'
        f"<Salt><Specified>{_base64(derivation.salt)}</Specified></Salt>"
        f"<IterationCount>{derivation.iterations}</IterationCount><KeyLength>{derivation.key_bytes}</KeyLength>"
        f'<PRF Algorithm="{_HMAC}"/></pkcs5:PBKDF2-params></xenc11:KeyDerivationMethod></xenc11:DerivedKey>'
    )


def _package(key: PskcKey, file_key: bytes, mac: Mac) -> str:
    sealed = encrypt(file_key, key.seed)
    return (
        f"<pskc:KeyPackage>{_device(key)}"
        f'<pskc:Key Id="{html.escape(key.serial)}" Algorithm="{PSKC}:{key.otp.otp_type.value}">'
        f"<pskc:AlgorithmParameters><pskc:Suite>HMAC-{key.otp.algorithm.value.upper()}</pskc:Suite>"
        f'<pskc:ResponseFormat Encoding="DECIMAL" Length="{key.otp.digits}"/></pskc:AlgorithmParameters>'
        f"<pskc:Data><pskc:Secret><pskc:EncryptedValue>{_encrypted(sealed)}</pskc:EncryptedValue>"
        f"<pskc:ValueMAC>{_base64(mac.of(sealed))}</pskc:ValueMAC></pskc:Secret>{_moving(key)}</pskc:Data>"
        f"<pskc:Policy><pskc:KeyUsage>OTP</pskc:KeyUsage></pskc:Policy></pskc:Key></pskc:KeyPackage>\n"
    )


def _device(key: PskcKey) -> str:
    told = (
        ("Manufacturer", key.manufacturer),
        ("SerialNo", key.serial),
        ("Model", key.model),
        ("StartDate", _instant(key.starts_at)),
        ("ExpiryDate", _instant(key.expires_at)),
    )
    fields = "".join(f"<pskc:{name}>{html.escape(text)}</pskc:{name}>" for name, text in told if text)
    return f"<pskc:DeviceInfo>{fields}</pskc:DeviceInfo>"


def _moving(key: PskcKey) -> str:
    values = {"Time": 0, "TimeInterval": key.otp.period_s, "TimeDrift": key.drift_steps}
    if key.otp.otp_type is OtpType.HOTP:
        values = {"Counter": key.next_counter}
    return "".join(
        f"<pskc:{name}><pskc:PlainValue>{value}</pskc:PlainValue></pskc:{name}>" for name, value in values.items()
    )


def _encrypted(octets: bytes) -> str:
    return (
        f'<xenc:EncryptionMethod Algorithm="{_CIPHER}"/>'
        f"<xenc:CipherData><xenc:CipherValue>{_base64(octets)}</xenc:CipherValue></xenc:CipherData>"
    )


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _instant(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
