"""Another key-encryption key: put in force, then every row is wrapped to it, while codes are verified (R48).

It may be ended at any moment and begun again. What was wrapped is found under the new key, what was not under the
old one, and a verifier opens both. Rows are exchanged some at a time; nobody waits for more than one such batch.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provisioning.errors import HsmAway, VaultError
from provisioning.jobs.ask_verifier import context_of, sealed_of
from provisioning.jobs.imported_seeds import context_of_fob, sealed_import
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.kek import PublicKek
from provisioning.store.tables import ImportedSeed
from provisioning.store.vault import SealedSeed, SeedContext, SeedOpener
from provisioning.store.wrapped_rows import TABLES, Row, exchange, row_id, under_others

BATCH: Final = 100
_TRIAL: Final = SeedContext("rotation", "trial", 1)


@dataclass(frozen=True, slots=True)
class RotateKekCommand:
    """To the key `kek_id`, whose public half is in the vault's directory. `tell` hears of each batch."""

    kek_id: str
    actor: Actor
    tell: Callable[[int], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Rotated:
    """What this run wrapped anew, and the rows that cannot be opened and were left as they are."""

    wrapped: int
    unopened: tuple[str, ...]


def rotate_kek(services: Services, command: RotateKekCommand, now: datetime) -> Rotated:
    """Raises VaultError if the new key opens nothing, or outside the verifier role; HsmAway; StoreUnavailable."""
    opener, keys = services.opener, services.sealer.keys
    if opener is None:
        raise VaultError
    kek = PublicKek(command.kek_id, keys.public(command.kek_id))
    _try(opener, kek)
    _record(services, command, now, "begun", {})
    keys.put_in_force(kek.kek_id)
    done = _Rotation(services, opener, kek, command.tell).run()
    facts = {"wrapped": done.wrapped, "unopened": len(done.unopened)}
    _record(services, command, now, "done" if not done.unopened else "incomplete", facts)
    return done


def _try(opener: SeedOpener, kek: PublicKek) -> None:
    """Nothing is wrapped to a key that does not open."""
    data_key = secrets.token_bytes(32)
    bound = _TRIAL.encode()
    if opener.unwrap(SealedSeed(b"", kek.wrap(data_key, bound), kek.kek_id), _TRIAL) != data_key:
        raise VaultError


@dataclass
class _Rotation:
    services: Services
    opener: SeedOpener
    kek: PublicKek
    tell: Callable[[int], None]
    wrapped: int = 0

    def run(self) -> Rotated:
        """Once through, and again for what was sealed under the old key meanwhile, until there is none."""
        while True:
            before = self.wrapped
            unopened = sorted(row_id(row) for row in self._pass())
            if self.wrapped == before:
                return Rotated(self.wrapped, tuple(unopened))

    def _pass(self) -> Iterator[Row]:
        for table in TABLES:
            after = ""
            while True:
                with self.services.store.read() as session:
                    rows = under_others(session, table, self.kek.kek_id, after, BATCH)
                if not rows:
                    break
                after = row_id(rows[-1])
                yield from self._batch(rows)

    def _batch(self, rows: list[Row]) -> list[Row]:
        """Wrap what can be opened; the others come back. Nothing is locked while keys are asked."""
        fresh: list[tuple[Row, SealedSeed, SealedSeed]] = []
        unopened = []
        for row in rows:
            sealed, context = _what(row)
            try:
                fresh.append((row, sealed, self.opener.rewrap(sealed, context, self.kek)))
            except HsmAway:
                raise
            except VaultError:
                unopened.append(row)
        _exchange(self.services, fresh)
        self.wrapped += len(fresh)
        self.tell(self.wrapped)
        return unopened


@retried
def _exchange(services: Services, fresh: list[tuple[Row, SealedSeed, SealedSeed]]) -> None:
    with services.store.write() as tx:
        for row, before, after in fresh:
            exchange(tx, row, before, after)


def _what(row: Row) -> tuple[SealedSeed, SeedContext]:
    if isinstance(row, ImportedSeed):
        return sealed_import(row), context_of_fob(row.institution_id, row.fob_id)
    return sealed_of(row), context_of(row)


@retried
def _record(
    services: Services, command: RotateKekCommand, now: datetime, result: str, facts: dict[str, int]
) -> None:
    with services.store.write() as tx:
        entry = AuditRecord(now, command.actor, "rotate_kek", result, facts={"kek_id": command.kek_id, **facts})
        record(tx, services.audit_key, entry)
