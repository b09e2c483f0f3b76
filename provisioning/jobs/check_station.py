"""Believe a station's request: its Ed25519 signature, the time in it, and that it was never seen before (R76)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.exc import IntegrityError

from devices.contract import Authorization, ContractError, parse_authorization, signed_text
from provisioning.errors import AuthFault, NotAuthentic
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import SpentNonce, Station

SKEW: Final = timedelta(seconds=60)
_NONCE_LIFE: Final = 2 * SKEW


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as received: its Authorization header, method, path without query, and body."""

    authorization: str = field(repr=False)
    method: str
    path: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownStation:
    """The station that sent a believed request."""

    id: str
    institution_id: str
    branch: str


def check_station(services: Services, request: SignedRequest, now: datetime) -> KnownStation:
    """Who sent the request. Raises NotAuthentic; a request is believed once, within a minute of its time."""
    if not request.authorization:
        raise NotAuthentic(AuthFault.MISSING)
    try:
        claim = parse_authorization(request.authorization)
    except ContractError:
        raise NotAuthentic(AuthFault.BAD_FORM) from None
    station = _signer(services, request, claim)
    if abs(now.timestamp() - int(claim.time)) > SKEW.total_seconds():
        raise NotAuthentic(AuthFault.CLOCK)
    _spend_nonce(services, claim, now)
    return KnownStation(station.id, station.institution_id, station.branch)


def _signer(services: Services, request: SignedRequest, claim: Authorization) -> Station:
    with services.store.read() as session:
        station = session.get(Station, claim.station_id)
    if station is None or station.signing_key is None:
        raise NotAuthentic(AuthFault.UNKNOWN)
    text = signed_text(request.method, request.path, claim.time, claim.nonce, request.body)
    try:
        Ed25519PublicKey.from_public_bytes(station.signing_key).verify(claim.signature, text)
    except (InvalidSignature, ValueError):
        raise NotAuthentic(AuthFault.BAD_SIGNATURE) from None
    if station.revoked_at is not None:
        raise NotAuthentic(AuthFault.REVOKED)
    return station


@retried
def _spend_nonce(services: Services, claim: Authorization, now: datetime) -> None:
    """The primary key decides who used a nonce first."""
    nonce = sha256(f"station\n{claim.station_id}\n{claim.nonce}".encode()).digest()
    try:
        with services.store.write() as tx:
            tx.add(SpentNonce(nonce=nonce, expires_at=now + _NONCE_LIFE))
    except IntegrityError:
        raise NotAuthentic(AuthFault.REPLAYED) from None
