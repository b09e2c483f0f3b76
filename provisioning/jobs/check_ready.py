"""Whether this process could serve now: its database, its part of the vault, its clock."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from provisioning.errors import ClockUntrusted, StoreUnavailable, VaultError
from provisioning.services import Services
from provisioning.store.tables import Credential
from provisioning.store.vault import SeedContext

_CANARY: Final = SeedContext("readyz", "canary", 1)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What can be relied upon."""

    database: bool
    vault: bool
    clock: bool

    @property
    def ready(self) -> bool:
        """All of it."""
        return self.database and self.vault and self.clock


def check_ready(services: Services, now: datetime) -> Readiness:
    """Ask each once. Never raises for what it asks about."""
    return Readiness(_database(services), _vault(services), _clock(services, now))


def _database(services: Services) -> bool:
    """Take the way of a code: a write that changes no row finds a missing table, a lock, a read-only copy."""
    nothing = update(Credential).where(Credential.id == "").values(failures=0)
    try:
        with services.store.write_connection() as connection:
            connection.execute(nothing)
    except (StoreUnavailable, SQLAlchemyError):
        return False
    return True


def _vault(services: Services) -> bool:
    """Seal a canary, and open it again where this role can."""
    canary = secrets.token_bytes(20)
    try:
        sealed = services.sealer.seal(canary, _CANARY)
        return services.opener is None or services.opener.open(sealed, _CANARY) == canary
    except VaultError:
        return False


def _clock(services: Services, now: datetime) -> bool:
    try:
        services.clock.check(now)
    except ClockUntrusted:
        return False
    return True
