"""Whether this process could serve now: its database, its part of the vault, its clock, its certificates.

How the audit log stands is told with it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from provisioning.errors import ClockUntrusted, StoreUnavailable, VaultError
from provisioning.jobs.ask_verifier import can_ask, verifier_of
from provisioning.jobs.audit_standing import audit_alarms
from provisioning.rules.audit_watch import AuditAlarm
from provisioning.services import Services
from provisioning.store.tables import Credential
from provisioning.verifier.questions import CANARY_CONTEXT


@dataclass(frozen=True, slots=True)
class Readiness:
    """What can be relied upon. `audit_alarms` are for an operator; None where it cannot be told."""

    database: bool
    vault: bool
    clock: bool
    certificates: bool
    audit_alarms: tuple[AuditAlarm, ...] | None

    @property
    def ready(self) -> bool:
        """All that an answer hangs on: entries wait for a worker that is away, and lose nothing by it."""
        return self.database and self.vault and self.clock and self.certificates


def check_ready(services: Services, now: datetime) -> Readiness:
    """Ask each once. Never raises for what it asks about."""
    return Readiness(
        database=_database(services),
        vault=_vault(services, now),
        clock=_clock(services, now),
        certificates=all(now < ends_at for ends_at in services.certificate_ends.values()),
        audit_alarms=_audit_alarms(services, now),
    )


def _database(services: Services) -> bool:
    """Take the way of a code: a write that changes no row finds a missing table, a lock, a read-only copy."""
    nothing = update(Credential).where(Credential.id == "").values(failures=0)
    try:
        with services.store.write_connection() as connection:
            connection.execute(nothing)
    except (StoreUnavailable, SQLAlchemyError):
        return False
    return True


def _vault(services: Services, now: datetime) -> bool:
    """Seal a canary, and have it opened by whoever can, here or over the network, where this role needs that."""
    canary = secrets.token_bytes(20)
    try:
        sealed = services.sealer.seal(canary, CANARY_CONTEXT)
        return not can_ask(services) or verifier_of(services).canary(sealed, now) == sha256(canary).digest()
    except (VaultError, ClockUntrusted):
        return False


def _clock(services: Services, now: datetime) -> bool:
    try:
        services.clock.check(now)
    except ClockUntrusted:
        return False
    return True


def _audit_alarms(services: Services, now: datetime) -> tuple[AuditAlarm, ...] | None:
    try:
        return audit_alarms(services, now)
    except (StoreUnavailable, SQLAlchemyError, OSError):  # the last from the checkpoints' directory
        return None
