"""Which of the bank's systems calls: known by the SHA-256 of its key (R76)."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import bindparam, select

from provisioning.errors import AuthFault, NotAuthentic
from provisioning.services import Services
from provisioning.store.tables import BankClient

_SCHEME: Final = "Bearer "
_READ: Final = select(
    BankClient.id, BankClient.institution_id, BankClient.checks_confirmation, BankClient.revoked_at
).where(BankClient.key_hash == bindparam("key_hash"))


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A calling system. `institution_id` None: it serves every institution."""

    id: str
    institution_id: str | None
    checks_confirmation: bool


def check_bank_key(services: Services, authorization: str) -> KnownClient:
    """`authorization` is the header's value, `Bearer KEY`. Raises NotAuthentic, StoreUnavailable."""
    if not authorization:
        raise NotAuthentic(AuthFault.MISSING)
    key = authorization.removeprefix(_SCHEME)
    if key == authorization or not key.isascii():
        raise NotAuthentic(AuthFault.BAD_FORM)
    with services.store.read_connection() as connection:
        row = connection.execute(_READ, {"key_hash": sha256(key.encode()).digest()}).first()
    if row is None:
        raise NotAuthentic(AuthFault.UNKNOWN)
    if row.revoked_at is not None:
        raise NotAuthentic(AuthFault.REVOKED)
    return KnownClient(row.id, row.institution_id, row.checks_confirmation)
