"""Verification of the audit log on schedule, and what is to be told of its state (R63)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from provisioning.errors import AuditBroken
from provisioning.jobs.verify_audit import AuditVerified, VerifyAuditCommand, verify_audit
from provisioning.rules.actor import SYSTEM
from provisioning.rules.audit_watch import AuditAlarm, AuditStatus
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.audit_tree import StoredTree
from provisioning.store.conflicts import retried
from provisioning.store.queries import audit_state
from provisioning.store.queries.audit_state import VERIFY_ACT, WHOLE


def audit_status(services: Services, now: datetime) -> AuditStatus:
    """Where the log stands. Raises StoreUnavailable, AuditBroken for a forged checkpoint."""
    latest = services.checkpoints.latest() if services.checkpoints else None
    # a server on another machine does not see what the worker signs
    sees_signatures = latest is not None or services.checkpoint_signer is not None
    with services.store.read_connection() as connection:
        size = StoredTree(connection).size()
        verified = audit_state.last_verification(connection)
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


def verify_when_due(services: Services, now: datetime) -> AuditVerified | None:
    """Verify everything once a day, and say in the log what was found; None where it is not time yet.

    Raises AuditBroken after that was written down. Cut off on the way, it begins anew; two workers that do it at
    the same time do it twice.
    """
    if not audit_status(services, now).is_due(now):
        return None
    try:
        found = verify_audit(services, VerifyAuditCommand())
    except AuditBroken as broken:
        _tell(services, broken.fault.value, asdict(broken), now)
        raise
    _tell(services, WHOLE, asdict(found), now)
    return found


def audit_alarms(services: Services, now: datetime) -> tuple[AuditAlarm, ...]:
    """What an operator has to see to now. Raises StoreUnavailable."""
    try:
        return audit_status(services, now).alarms(now)
    except AuditBroken:
        return (AuditAlarm.NOT_WHOLE,)


@retried
def _tell(services: Services, result: str, facts: dict[str, Any], now: datetime) -> None:
    with services.store.write() as tx:
        record(tx, services.audit_key, AuditRecord(now, SYSTEM, VERIFY_ACT, result, facts=facts))
