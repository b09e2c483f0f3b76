"""Let one of the bank's own systems call the API, known by a key that is shown once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from provisioning.errors import BadInput, InputFault
from provisioning.rules.actor import Actor
from provisioning.rules.bank_scopes import ALL_SCOPES, BankScope, write_scopes
from provisioning.rules.names import read_name
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import BankClient

_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class AddBankClientCommand:
    """A system called `name` that may call `scopes`; `checks_confirmation`: it checks the confirmation password.

    Without an institution it serves all of them, which production refuses to start with (R77).
    """

    institution_id: str | None
    name: str
    actor: Actor
    checks_confirmation: bool = False
    scopes: frozenset[BankScope] = ALL_SCOPES


@dataclass(frozen=True, slots=True)
class AddedBankClient:
    """`key` (256 random bits) goes into `Authorization: Bearer`; only its SHA-256 is kept."""

    client_id: str
    key: str = field(repr=False)


@retried
def add_bank_client(services: Services, command: AddBankClientCommand, now: datetime) -> AddedBankClient:
    """Enter the system. Raises NotFound for an unknown institution, BadInput for no name or no scope."""
    institution_id = command.institution_id and services.institution(command.institution_id).id
    name = read_name(command.name)
    if not command.scopes:
        raise BadInput("scopes", InputFault.MISSING)
    key = secrets.token_urlsafe(_KEY_BYTES)
    with services.store.write() as tx:
        client = BankClient(
            institution_id=institution_id,
            name=name,
            key_hash=sha256(key.encode()).digest(),
            checks_confirmation=command.checks_confirmation,
            scopes=write_scopes(command.scopes),
            created_at=now,
        )
        tx.add(client)
        tx.flush()
        facts = {"client_id": client.id, "name": name, "scopes": client.scopes}
        entry = AuditRecord(now, command.actor, "add_bank_client", "added", institution_id, facts=facts)
        record(tx, services.audit_key, entry)
    return AddedBankClient(client.id, key)
