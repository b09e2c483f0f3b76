"""Which of the bank's systems calls: known by the SHA-256 of its key (R76)."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from provisioning.errors import AuthFault, NotAuthentic
from provisioning.rules.bank_scopes import BankScope, read_scopes
from provisioning.services import Services
from provisioning.store.line import Statement

_SCHEME: Final = "Bearer "
_READ: Final = Statement("""
    SELECT id, institution_id, checks_confirmation, scopes, revoked_at FROM bank_client WHERE key_hash = :key_hash
""")


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A calling system. `institution_id` None: it serves every institution."""

    id: str
    institution_id: str | None
    checks_confirmation: bool
    scopes: frozenset[BankScope]


def check_bank_key(services: Services, authorization: str) -> KnownClient:
    """`authorization` is the header's value, `Bearer KEY`. Raises NotAuthentic, StoreUnavailable."""
    if not authorization:
        raise NotAuthentic(AuthFault.MISSING)
    key = authorization.removeprefix(_SCHEME)
    if key == authorization or not key.isascii():
        raise NotAuthentic(AuthFault.BAD_FORM)
    with services.store.line() as line:
        row = _READ.first(line, {"key_hash": sha256(key.encode()).digest()})
    if row is None:
        raise NotAuthentic(AuthFault.UNKNOWN)
    client_id, institution_id, checks_confirmation, scopes, revoked_at = row
    if revoked_at is not None:
        raise NotAuthentic(AuthFault.REVOKED)
    return KnownClient(client_id, institution_id, bool(checks_confirmation), read_scopes(scopes))
