"""The certificates by which the roles know each other: an authority of our own, one certificate for each process.

A role's certificate names its roles as URIs and is good for a TLS client alone; the verifier's names its host
and is good for a TLS server alone. So no role can pass itself off as another one, or as the verifier.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from provisioning.rules.roles import Role

AUTHORITY_LIFE: Final = timedelta(days=3650)
LIFE: Final = timedelta(days=397)
_ROLE_URI: Final = "kagiya:role:"
_BACKDATED: Final = timedelta(minutes=5)
_AUTHORITY_NAME: Final = "kagiya roles"


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key (P-256)."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def certificate_pem(self) -> str:
        """For anybody to read."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def key_pem(self) -> str:
        """For its owner alone."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def read_pair(certificate: bytes, key: bytes) -> Pair:
    """From PEM. Raises ValueError for anything that is not a P-256 key with its own certificate."""
    pair = Pair(x509.load_pem_x509_certificate(certificate), _read_key(key))
    if pair.certificate.public_key() != pair.key.public_key():
        raise ValueError("the certificate is of another key")
    return pair


def make_authority(now: datetime) -> Pair:
    """Fresh: signs the certificates of one server's roles, and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(_AUTHORITY_NAME)
    usage = _usage(key_cert_sign=True, crl_sign=True)
    builder = _builder(name, name, key, now, AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    return Pair(builder.sign(key, hashes.SHA256()), key)


def certify_roles(
    authority: Pair, name: str, roles: Collection[Role], now: datetime, life: timedelta = LIFE
) -> Pair:
    """For a process that asks the verifier as `roles`; with none it may only look at its health and numbers."""
    uris = [x509.UniformResourceIdentifier(f"{_ROLE_URI}{role}") for role in sorted(roles)]
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH
    return _certify(authority, name, x509.SubjectAlternativeName(uris) if uris else None, purpose, now, life)


def certify_verifier(authority: Pair, hosts: Collection[str], now: datetime, life: timedelta = LIFE) -> Pair:
    """For the verifier, reached under these names or numeric addresses."""
    names = x509.SubjectAlternativeName([_host(host) for host in hosts])
    return _certify(authority, Role.VERIFIER, names, ExtendedKeyUsageOID.SERVER_AUTH, now, life)


def roles_in(certificate: x509.Certificate) -> frozenset[Role]:
    """The roles that it names. Raises ValueError for one that does not exist."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return frozenset(Role(uri.removeprefix(_ROLE_URI)) for uri in uris)


def is_for_clients(certificate: x509.Certificate) -> bool:
    """Whether it was made for a process that asks."""
    with contextlib.suppress(x509.ExtensionNotFound):
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        return ExtendedKeyUsageOID.CLIENT_AUTH in usage
    return False


def is_signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether `authority` signed it."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 in hexadecimal, by which it can be revoked."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not a P-256 key")  # noqa: TRY004 - what was read, not how we were called
    return key


def _certify(  # noqa: PLR0917 - what a certificate is made of
    authority: Pair,
    name: str,
    subject: x509.SubjectAlternativeName | None,
    purpose: ObjectIdentifier,
    now: datetime,
    life: timedelta,
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_name(f"kagiya {name}"), authority.certificate.subject, key, now, life)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if subject is not None:
        builder = builder.add_extension(subject, critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = builder.add_extension(issuer, critical=False)
    return Pair(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
