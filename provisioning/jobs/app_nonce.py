"""The server's nonce for one try of the app: stateless until it is used, then never good again (R23).

16 random bytes, 8 bytes with the second it expires (big-endian, since 1970), 16 bytes of a keyed hash
over these and the IDs. Using it means inserting it into `spent_nonce`; the primary key decides who was first.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import NonceUnusable
from provisioning.rules.app_proof import from_base64url, listed, to_base64url
from provisioning.store.boxes import Box
from provisioning.store.tables import SpentNonce

NONCE_LIFE: Final = timedelta(minutes=5)
_RANDOM: Final = 16
_SIGNED: Final = 24
_LENGTH: Final = 40


def make_nonce(box: Box, service_id: str, user_id: str, now: datetime) -> str:
    """A nonce for these IDs, base64url, good for `NONCE_LIFE`."""
    expires = int((now + NONCE_LIFE).timestamp())
    signed = secrets.token_bytes(_RANDOM) + expires.to_bytes(8, "big")
    return to_base64url(signed + _tag(box, signed, service_id, user_id))


def check_nonce(box: Box, nonce: str, service_id: str, user_id: str, now: datetime) -> datetime:
    """When it expires. Raises NonceUnusable unless we made it for these IDs and it is still good."""
    try:
        data = from_base64url(nonce)
    except ValueError:
        raise NonceUnusable from None
    signed, tag = data[:_SIGNED], data[_SIGNED:]
    if len(data) != _LENGTH or not hmac.compare_digest(tag, _tag(box, signed, service_id, user_id)):
        raise NonceUnusable
    expires_at = datetime.fromtimestamp(int.from_bytes(signed[_RANDOM:], "big"), UTC)
    if now >= expires_at:
        raise NonceUnusable
    return expires_at


def spend_nonce(tx: Session, nonce: str, expires_at: datetime) -> None:
    """Within the caller's transaction. Raises NonceUnusable if somebody used it before."""
    tx.add(SpentNonce(nonce=from_base64url(nonce)[:_RANDOM], expires_at=expires_at))
    try:
        tx.flush()
    except IntegrityError:
        raise NonceUnusable from None


def _tag(box: Box, signed: bytes, service_id: str, user_id: str) -> bytes:
    return box.hash(signed + listed(("app nonce", service_id, user_id)))[:16]
