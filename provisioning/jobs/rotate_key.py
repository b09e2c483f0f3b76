"""Another key is put in force, then every row is moved to it, while the server is at work (R48).

What every rotation has in common. It may be ended at any moment and begun again: what was moved is found under
the new key, what was not under the old one, and whoever reads has both. Rows are exchanged some at a time; nobody
waits for more than one such batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from sqlalchemy.orm import Session

from provisioning.errors import HsmAway, VaultError
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.named_keys import NamedKeys

BATCH: Final = 100

Exchange = Callable[[Session], None]
"""Puts one row under the new key, where it still is as it was read."""


class KeyPurpose(StrEnum):
    """What a key is for, as entries of the audit log have it."""

    KEK = "kek"
    ADDRESS = "address_key"


@dataclass(frozen=True, slots=True)
class RotateKeyCommand:
    """To the key `key_id` of the directory. `tell` hears of each batch."""

    key_id: str
    actor: Actor
    tell: Callable[[int], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many rows this run moved, and what cannot be opened and was left as it is."""

    moved: int
    unopened: tuple[str, ...]


class Rows(Protocol):
    """The rows that name keys of one purpose, and how one comes under the new key."""

    @property
    def tables(self) -> Sequence[type[Any]]:
        """One after the other."""
        ...

    def under_others(self, tx: Session, table: type[Any], after: str, most: int) -> list[Any]:
        """Some rows that name another key, in the order of their places, those after `after`."""
        ...

    def place(self, row: Any) -> str:
        """What rows are ordered by."""
        ...

    def name(self, row: Any) -> str:
        """What an operator finds it by."""
        ...

    def move(self, row: Any) -> Exchange:
        """Raises VaultError for a row that cannot be opened; HsmAway ends the rotation."""
        ...


@dataclass(frozen=True, slots=True)
class Rotation:
    """What is rotated: `keys` of a purpose, the rows under them, and what is no row.

    `move_others` brings that under the key in force, and names what cannot be opened.
    """

    purpose: KeyPurpose
    keys: NamedKeys
    rows: Rows
    move_others: Callable[[], tuple[str, ...]] = tuple


def rotate_key(services: Services, rotation: Rotation, command: RotateKeyCommand, now: datetime) -> Rotated:
    """Raises SettingsInvalid for a key that is not there; HsmAway; StoreUnavailable."""
    _record(services, rotation.purpose, command, now, "begun", {})
    rotation.keys.put_in_force(command.key_id)
    others = rotation.move_others()
    rows = _Moving(services, rotation.rows, command.tell).run()
    done = Rotated(rows.moved, others + rows.unopened)
    facts = {"wrapped": done.moved, "unopened": len(done.unopened)}
    _record(services, rotation.purpose, command, now, "done" if not done.unopened else "incomplete", facts)
    return done


@dataclass
class _Moving:
    services: Services
    rows: Rows
    tell: Callable[[int], None]
    moved: int = 0

    def run(self) -> Rotated:
        """Once through, and again for what was sealed under the old key meanwhile, until there is none."""
        while True:
            before = self.moved
            unopened = sorted(self._pass())
            if self.moved == before:
                return Rotated(self.moved, tuple(unopened))

    def _pass(self) -> Iterator[str]:
        for table in self.rows.tables:
            after = ""
            while True:
                with self.services.store.read() as session:
                    rows = self.rows.under_others(session, table, after, BATCH)
                if not rows:
                    break
                after = self.rows.place(rows[-1])
                yield from self._batch(rows)

    def _batch(self, rows: list[Any]) -> list[str]:
        """Move what can be opened; the others are named. Nothing is locked while keys are asked."""
        fresh: list[Exchange] = []
        unopened = []
        for row in rows:
            try:
                fresh.append(self.rows.move(row))
            except HsmAway:
                raise
            except VaultError:
                unopened.append(self.rows.name(row))
        _exchange(self.services, fresh)
        self.moved += len(fresh)
        self.tell(self.moved)
        return unopened


@retried
def _exchange(services: Services, fresh: list[Exchange]) -> None:
    with services.store.write() as tx:
        for exchange in fresh:
            exchange(tx)


@retried
def _record(  # noqa: PLR0917 - one entry of a rotation
    services: Services,
    purpose: KeyPurpose,
    command: RotateKeyCommand,
    now: datetime,
    result: str,
    facts: dict[str, int],
) -> None:
    told = {f"{purpose}_id": command.key_id, **facts}
    with services.store.write() as tx:
        record(tx, services.audit_key, AuditRecord(now, command.actor, f"rotate_{purpose}", result, facts=told))
