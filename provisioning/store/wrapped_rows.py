"""The rows that hold a wrapped data key: how many there are under which key-encryption key, and exchanging one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from provisioning.store.access_codes import AccessSecret
from provisioning.store.key_folder import KeyFolder
from provisioning.store.tables import Credential, ImportedSeed
from provisioning.store.vault import SealedSeed

Row = Credential | ImportedSeed
TABLES: Final[tuple[type[Row], ...]] = (Credential, ImportedSeed)
"""Every table with a column `kek_id`; a test looks for others."""


def count_by_kek(tx: Session) -> dict[str, dict[str, int]]:
    """Key id → table → rows."""
    counted: dict[str, dict[str, int]] = {}
    for table in TABLES:
        named = select(table.kek_id, func.count()).where(table.kek_id.is_not(None)).group_by(table.kek_id)
        for kek_id, rows in tx.execute(named):
            counted.setdefault(str(kek_id), {})[table.__tablename__] = rows
    return counted


def count_under_keks(tx: Session, keys: KeyFolder) -> dict[str, dict[str, int]]:
    """The same, and the file of the secret behind access codes. Raises SettingsInvalid."""
    counted = count_by_kek(tx)
    for kek_id, files in AccessSecret(keys).count_by_kek().items():
        counted[kek_id] = counted.get(kek_id, {}) | files
    return counted


def under_others(tx: Session, table: type[Row], kek_id: str, after: str, most: int) -> list[Row]:
    """Some rows that name another key, in the order of their ids, those after `after`."""
    key = table.fob_id if table is ImportedSeed else Credential.id
    others = select(table).where(table.kek_id.is_not(None), table.kek_id != kek_id, key > after)
    return list(tx.scalars(others.order_by(key).limit(most)))


def row_id(row: Row) -> str:
    """What the row is called."""
    return row.fob_id if isinstance(row, ImportedSeed) else row.id


def exchange(tx: Session, row: Row, before: SealedSeed, fresh: SealedSeed) -> None:
    """Put the fresh wrapped key where `before` still stands: a seed that was destroyed meanwhile stays so."""
    table = type(row)
    key = table.fob_id if isinstance(row, ImportedSeed) else Credential.id
    same: Mapping[str, object] = {"wrapped_key": before.wrapped_key, "kek_id": before.kek_id}
    this = update(table).where(key == row_id(row)).filter_by(**same)
    tx.execute(this.values(wrapped_key=fresh.wrapped_key, kek_id=fresh.kek_id))
