"""Revocation (失効): staff end a token without the customer's one-time password, at once (R42)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provisioning.jobs.end_credential import end_credential
from provisioning.rules.actor import Actor
from provisioning.rules.states import EndedHow
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential


@dataclass(frozen=True, slots=True)
class RevokeCommand:
    """End one credential; `how` is REVOKED, LOST or CANCELLED."""

    institution_id: str
    credential_id: str
    how: EndedHow
    actor: Actor


@retried
def revoke(services: Services, command: RevokeCommand, now: datetime) -> None:
    """End the credential, destroy its seed. Raises NotFound, WrongState if it ended already."""
    with services.store.write() as tx:
        credential = own_row(tx, Credential, command.credential_id, command.institution_id)
        end_credential(tx, services, credential, command.how, command.actor, now)
