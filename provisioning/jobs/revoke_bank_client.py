"""Take a key away from one of the bank's systems: it works for a second more at most, in every process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from provisioning.errors import NotFound, WrongState
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.tables import BankClient


@dataclass(frozen=True, slots=True)
class RevokeBankClientCommand:
    """Whose."""

    client_id: str
    actor: Actor


@retried
def revoke_bank_client(services: Services, command: RevokeBankClientCommand, now: datetime) -> None:
    """The key is refused from now on, for ever. Raises NotFound, WrongState if it was before."""
    with services.store.write() as tx:
        client = tx.get(BankClient, command.client_id)
        if client is None:
            raise NotFound("client")
        still_good = update(BankClient).where(BankClient.id == client.id, BankClient.revoked_at.is_(None))
        if not changed_rows(tx, still_good.values(revoked_at=now)):
            raise WrongState("client", "revoked")
        facts = {"client_id": client.id}
        entry = AuditRecord(
            now, command.actor, "revoke_bank_client", "revoked", client.institution_id, facts=facts
        )
        record(tx, services.audit_key, entry)
