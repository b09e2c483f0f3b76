"""Say in the audit log that a former key writes no more entries (R63): from here on, one under it is false."""

from __future__ import annotations

from datetime import datetime

from provisioning.errors import NotFound, WrongState
from provisioning.jobs.audit_seams import CLOSE_KEY_ACT, audit_keys
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried


@retried
def close_audit_key(services: Services, key_id: str, actor: Actor, now: datetime) -> None:
    """Raises NotFound for a key that is not in the settings, WrongState for the one that is in use."""
    if key_id not in audit_keys(services):
        raise NotFound("audit key")
    if key_id == services.audit_key.key_id:
        raise WrongState("audit key", "in use")
    with services.store.write() as tx:
        entry = AuditRecord(now, actor, CLOSE_KEY_ACT, "closed", facts={"key_id": key_id})
        record(tx, services.audit_key, entry)
