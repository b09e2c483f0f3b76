"""Set a fob's learned drift back to zero, for instance after its clock was set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from provisioning.errors import WrongState
from provisioning.rules.actor import Actor
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential


@dataclass(frozen=True, slots=True)
class ResetDriftCommand:
    """One credential that has not ended."""

    institution_id: str
    credential_id: str
    actor: Actor


@retried
def reset_drift(services: Services, command: ResetDriftCommand, now: datetime) -> int:
    """Drift back to zero; answers the steps it was. The last accepted step stays. Raises NotFound, WrongState."""
    with services.store.write() as tx:
        credential = own_row(tx, Credential, command.credential_id, command.institution_id)
        before = credential.drift_steps
        still_open = update(Credential).where(
            Credential.id == credential.id, Credential.state != CredentialState.ENDED
        )
        if not changed_rows(tx, still_open.values(drift_steps=0)):
            tx.refresh(credential)  # it ended since it was read
            raise WrongState("credential", credential.state.value)
        entry = AuditRecord(
            now,
            command.actor,
            "reset_drift",
            "reset",
            credential.institution_id,
            credential.customer_id,
            credential.id,
            credential.fob_id,
            facts={"drift_steps_before": before},
        )
        record(tx, services.audit_key, entry)
        return before
