"""A key that nothing is under any more is taken away: what every such end has in common (R48)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from provisioning.errors import NotFound, TooEarly, WrongState
from provisioning.jobs.rotate_key import KeyPurpose
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.named_keys import NamedKeys

REST: Final = timedelta(hours=1)
"""After another key was put in force: by then whatever was sealed under the old one is committed, and counted."""

_CALLED: Final = {KeyPurpose.KEK: "key-encryption key", KeyPurpose.ADDRESS: "key of mail addresses"}


@dataclass(frozen=True, slots=True)
class RetireKeyCommand:
    """`key_id` is to be gone: its files here, or the key inside the token."""

    key_id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Retirement:
    """Of one of `keys`; `count` tells what is under each key, `destroy` what else has to go than the files."""

    purpose: KeyPurpose
    keys: NamedKeys
    count: Callable[[Session], dict[str, dict[str, int]]]
    destroy: Callable[[str], None] = lambda _: None


def retire_key(services: Services, retirement: Retirement, command: RetireKeyCommand, now: datetime) -> None:
    """Raises NotFound; WrongState while it is in force or anything is under it; TooEarly; what `destroy` does."""
    keys, called = retirement.keys, _CALLED[retirement.purpose]
    if command.key_id not in keys.ids():
        raise NotFound(called)
    if command.key_id in {keys.current(), keys.target()}:
        raise WrongState(called, "in force")
    rested_at = datetime.fromtimestamp(keys.in_force_since(), now.tzinfo) + REST
    if now < rested_at:
        raise TooEarly(rested_at)
    _record_if_free(services, retirement, command, now)
    retirement.destroy(command.key_id)
    keys.remove(command.key_id)


@retried
def _record_if_free(services: Services, retirement: Retirement, command: RetireKeyCommand, now: datetime) -> None:
    purpose = retirement.purpose
    with services.store.write() as tx:
        if command.key_id in retirement.count(tx):
            raise WrongState(_CALLED[purpose], "still used")
        told = {f"{purpose}_id": command.key_id}
        record(tx, services.audit_key, AuditRecord(now, command.actor, f"retire_{purpose}", "retired", facts=told))
