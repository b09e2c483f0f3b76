"""Believe a station's request: its Ed25519 signature, the time in it, and that it comes after all others (R76)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from devices.contract import Authorization, ContractError, parse_authorization, signed_text
from provisioning.clock import JUMP_TOLERANCE
from provisioning.errors import AuthFault, NotAuthentic
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import Station
from provisioning.store.tables.base import to_microseconds

SKEW: Final = timedelta(seconds=60)
# a request may be ahead by SKEW and is believed for as long; the clock may be corrected backwards meanwhile
_KEPT: Final = 2 * SKEW + JUMP_TOLERANCE
# whoever comes second, or with a time that is not later, changes no row
_TAKE_TURN: Final = text("""
    INSERT INTO station_request (address_hash, time_ms, expires_at) VALUES (:address, :time_ms, :expires_at)
    ON CONFLICT (address_hash) DO UPDATE SET time_ms = :time_ms, expires_at = :expires_at
    WHERE station_request.time_ms < :time_ms
""")


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
    """Who sent the request. Raises NotAuthentic, ClockUntrusted.

    It is believed within a minute of its time, if it is later than the last believed one to the same address:
    neither a replayed request nor one that was overtaken does anything. A clock that was set back would take
    requests of before for new ones, so none is believed by it.
    """
    if not request.authorization:
        raise NotAuthentic(AuthFault.MISSING)
    try:
        claim = parse_authorization(request.authorization)
    except ContractError:
        raise NotAuthentic(AuthFault.BAD_FORM) from None
    station = _signer(services, request, claim)
    services.clock.check(now)
    if abs(now.timestamp() - int(claim.time) / 1000) > SKEW.total_seconds():
        raise NotAuthentic(AuthFault.CLOCK)
    _take_turn(services, request, claim, now)
    return KnownStation(station.id, station.institution_id, station.branch)


def hold_station(tx: Session, station_id: str) -> None:
    """Whoever revokes the station waits until `tx` has ended. Raises NotAuthentic if somebody has.

    A request may have been let in just before: what it does is done before the revocation, or not at all.
    """
    held = select(Station.revoked_at).where(Station.id == station_id).with_for_update(read=True)
    station = tx.execute(held).one_or_none()
    if station is None:
        raise NotAuthentic(AuthFault.UNKNOWN)
    if station.revoked_at is not None:
        raise NotAuthentic(AuthFault.REVOKED)


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
def _take_turn(services: Services, request: SignedRequest, claim: Authorization, now: datetime) -> None:
    """One conditional write decides which of two requests was first."""
    address = sha256(f"station\n{claim.station_id}\n{request.method}\n{request.path}".encode()).digest()
    turn = {"address": address, "time_ms": int(claim.time), "expires_at": to_microseconds(now + _KEPT)}
    with services.store.write_connection() as connection:
        if connection.execute(_TAKE_TURN, turn).rowcount != 1:
            raise NotAuthentic(AuthFault.REPLAYED)
