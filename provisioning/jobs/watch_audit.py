"""Verification of the audit log on schedule: the log itself says when, and what was found (R63)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from provisioning.errors import AuditBroken
from provisioning.jobs.audit_standing import audit_status
from provisioning.jobs.verify_audit import AuditVerified, VerifyAuditCommand, verify_audit
from provisioning.rules.actor import SYSTEM
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.queries.audit_state import VERIFY_ACT, WHOLE


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


@retried
def _tell(services: Services, result: str, facts: dict[str, Any], now: datetime) -> None:
    with services.store.write() as tx:
        record(tx, services.audit_key, AuditRecord(now, SYSTEM, VERIFY_ACT, result, facts=facts))
