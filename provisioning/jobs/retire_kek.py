"""A key-encryption key that nothing is under any more is taken away (R48)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from provisioning.errors import HsmAway, HsmFault, NotFound, TooEarly, VaultError, WrongState
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.kek import PublicKek
from provisioning.store.vault import SeedOpener
from provisioning.store.wrapped_rows import count_by_kek

REST: Final = timedelta(hours=1)
"""After another key was put in force: by then whatever was sealed under the old one is committed, and counted."""


@dataclass(frozen=True, slots=True)
class RetireKekCommand:
    """`kek_id` is to be gone: its files here, or the key inside the token."""

    kek_id: str
    actor: Actor


def retire_kek(services: Services, command: RetireKekCommand, now: datetime) -> None:
    """Raises NotFound; WrongState while it is in force or a row names it; TooEarly; HsmAway; VaultError."""
    keys, opener = services.sealer.keys, services.opener
    if opener is None:
        raise VaultError
    if command.kek_id not in keys.ids():
        raise NotFound("key-encryption key")
    if command.kek_id in {keys.current(), keys.target()}:
        raise WrongState("key-encryption key", "in force")
    rested_at = datetime.fromtimestamp(keys.in_force_since(), now.tzinfo) + REST
    if now < rested_at:
        raise TooEarly(rested_at)
    _record_if_free(services, command, now)
    _destroy(opener, PublicKek(command.kek_id, keys.public(command.kek_id)))
    keys.remove(command.kek_id)


@retried
def _record_if_free(services: Services, command: RetireKekCommand, now: datetime) -> None:
    with services.store.write() as tx:
        if command.kek_id in count_by_kek(tx):
            raise WrongState("key-encryption key", "named by rows")
        entry = AuditRecord(now, command.actor, "retire_kek", "retired", facts={"kek_id": command.kek_id})
        record(tx, services.audit_key, entry)


def _destroy(opener: SeedOpener, kek: PublicKek) -> None:
    if not kek.in_token:
        return
    if opener.token is None:
        raise HsmAway(HsmFault.TOKEN)
    opener.token.destroy(kek.kek_id)
