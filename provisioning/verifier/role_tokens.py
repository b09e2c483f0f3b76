"""Which role asks: a token signed with the key of the role's certificate, good for a minute (R76).

TLS shuts out whoever has no certificate of ours, but our HTTP server does not tell the application which one
a client showed. So each request carries it, with a signature that only its owner can have made just now:
`Kagiya-Role CERTIFICATE.SECONDS.SIGNATURE` (DER, Unix time, ECDSA over `_signed_text`; base64url).
"""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from provisioning.errors import AuthFault, NotAuthentic
from provisioning.rules.roles import Role
from provisioning.verifier.certificates import Pair, fingerprint, is_for_clients, is_signed_by, roles_in

LIFE: Final = timedelta(seconds=60)
_RENEWED_AFTER: Final = timedelta(seconds=20)
_SCHEME: Final = "Kagiya-Role "
_SHA256: Final = ec.ECDSA(hashes.SHA256())
_MOST_CHARACTERS: Final = 8_192
_MOST_KNOWN: Final = 64


class RoleTokens:
    """Makes this process's own tokens; one serves for some seconds. Safe between threads."""

    def __init__(self, pair: Pair) -> None:
        """`pair` is the process's certificate and key."""
        self._pair = pair
        self._made: tuple[datetime, str] | None = None

    def __repr__(self) -> str:
        return "RoleTokens(…)"

    @property
    def ends_at(self) -> datetime:
        """When the certificate ends."""
        return self._pair.certificate.not_valid_after_utc

    def header(self, now: datetime) -> str:
        """For the HTTP header Authorization."""
        made = self._made
        if made is None or not timedelta() <= now - made[0] < _RENEWED_AFTER:
            made = self._made = (now, self._make(now))
        return made[1]

    def _make(self, now: datetime) -> str:
        certificate = self._pair.certificate.public_bytes(Encoding.DER)
        seconds = str(int(now.timestamp()))
        signature = self._pair.key.sign(_signed_text(seconds), _SHA256)
        return f"{_SCHEME}{_encode(certificate)}.{seconds}.{_encode(signature)}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever showed a certificate of ours: its roles (none: may only look at health), when it is good."""

    roles: frozenset[Role]
    fingerprint: str
    begins_at: datetime
    ends_at: datetime
    signed_at: int


class RoleAuthority:
    """Believes tokens of certificates that our authority signed and that nobody revoked. Safe between threads."""

    def __init__(self, certificate: x509.Certificate, revoked: Path) -> None:
        """`revoked`: a file with one fingerprint a line, read again whenever it changes."""
        self._certificate = certificate
        self._revoked = revoked
        self._read: tuple[int, int, frozenset[str]] | None = None
        self._known: OrderedDict[str, Caller] = OrderedDict()
        self._lock = threading.Lock()

    def caller(self, header: str, now: datetime) -> Caller:
        """Who sent it. Raises NotAuthentic."""
        if not header:
            raise NotAuthentic(AuthFault.MISSING)
        with self._lock:
            known = self._known.get(header)
        if known is None:
            known = self._check(header)
            with self._lock:
                self._known[header] = known
                while len(self._known) > _MOST_KNOWN:
                    self._known.popitem(last=False)
        self._refuse_untimely(known, now)
        return known

    def _check(self, header: str) -> Caller:
        """Everything that does not change with time."""
        certificate, seconds, signature = _parse(header)
        if not is_signed_by(certificate, self._certificate):
            raise NotAuthentic(AuthFault.UNKNOWN)
        key = certificate.public_key()
        try:
            roles = roles_in(certificate)
            if not is_for_clients(certificate) or not isinstance(key, ec.EllipticCurvePublicKey):
                raise NotAuthentic(AuthFault.UNKNOWN)
            key.verify(signature, _signed_text(seconds), _SHA256)
        except InvalidSignature:
            raise NotAuthentic(AuthFault.BAD_SIGNATURE) from None
        except ValueError:  # a role that this version does not know
            raise NotAuthentic(AuthFault.UNKNOWN) from None
        return Caller(
            roles=roles,
            fingerprint=fingerprint(certificate),
            begins_at=certificate.not_valid_before_utc,
            ends_at=certificate.not_valid_after_utc,
            signed_at=int(seconds),
        )

    def _refuse_untimely(self, caller: Caller, now: datetime) -> None:
        if caller.fingerprint in self._revoked_now():
            raise NotAuthentic(AuthFault.REVOKED)
        if not caller.begins_at <= now <= caller.ends_at:
            raise NotAuthentic(AuthFault.EXPIRED)
        if abs(now.timestamp() - caller.signed_at) > LIFE.total_seconds():
            raise NotAuthentic(AuthFault.CLOCK)

    def _revoked_now(self) -> frozenset[str]:
        """The list as it is on the disk now. Nobody is believed while it cannot be read."""
        try:
            facts = self._revoked.stat()
            if self._read is None or self._read[:2] != (facts.st_mtime_ns, facts.st_size):
                lines = self._revoked.read_text(encoding="ascii").splitlines()
                listed = frozenset(line.split()[0].lower() for line in lines if line.strip())
                self._read = (facts.st_mtime_ns, facts.st_size, listed)
        except (OSError, UnicodeDecodeError):
            raise NotAuthentic(AuthFault.REVOKED) from None
        return self._read[2]


def _parse(header: str) -> tuple[x509.Certificate, str, bytes]:
    parts = header.removeprefix(_SCHEME).split(".")
    if not header.startswith(_SCHEME) or len(header) > _MOST_CHARACTERS or len(parts) != 3:
        raise NotAuthentic(AuthFault.BAD_FORM)
    certificate, seconds, signature = parts
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 12):
        raise NotAuthentic(AuthFault.BAD_FORM)
    try:
        return x509.load_der_x509_certificate(_decode(certificate)), seconds, _decode(signature)
    except (ValueError, x509.InvalidVersion):
        raise NotAuthentic(AuthFault.BAD_FORM) from None


def _signed_text(seconds: str) -> bytes:
    return f"kagiya role 1\nto the verifier\n{seconds}".encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
