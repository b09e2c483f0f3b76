"""Where the audit log stands, and what of it an operator has to see to (R61, R63)."""

from __future__ import annotations

from datetime import datetime

from provisioning.errors import AuditBroken
from provisioning.rules.audit_watch import AuditAlarm, AuditStatus
from provisioning.services import Services
from provisioning.store.audit_tree import StoredTree
from provisioning.store.queries import audit_state


def audit_status(services: Services, now: datetime) -> AuditStatus:
    """Where the log stands. Raises StoreUnavailable, AuditBroken for a forged checkpoint."""
    latest = services.checkpoints.latest() if services.checkpoints else None
    # a server on another machine does not see what the worker signs
    sees_signatures = latest is not None or services.checkpoint_signer is not None
    with services.store.read_connection() as connection:
        size = StoredTree(connection).size()
        verified = audit_state.last_verification(connection, now)
        signed = latest[1].size if latest else 0
        return AuditStatus(
            size=size,
            began_at=audit_state.began_at(connection),
            oldest_unsealed_at=audit_state.oldest_unsealed_at(connection, now),
            signed_size=latest[1].size if latest else None,
            unsigned_since=audit_state.sealed_after(connection, signed) if sees_signatures else None,
            verified_at=verified[0] if verified else None,
            is_whole=verified[1] if verified else None,
        )


def audit_alarms(services: Services, now: datetime) -> tuple[AuditAlarm, ...]:
    """What an operator has to see to now. Raises StoreUnavailable."""
    try:
        return audit_status(services, now).alarms(now)
    except AuditBroken:
        return (AuditAlarm.NOT_WHOLE,)
