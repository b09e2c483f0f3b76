"""Another key-encryption key: every data key is wrapped to it, while codes are verified (R48).

Also that of the secret behind access codes, which is no row but a file beside the keys.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from provisioning.errors import HsmAway, VaultError
from provisioning.jobs.ask_verifier import context_of, sealed_of
from provisioning.jobs.imported_seeds import context_of_fob, sealed_import
from provisioning.jobs.rotate_key import Exchange, KeyPurpose, Rotated, RotateKeyCommand, Rotation, rotate_key
from provisioning.services import Services
from provisioning.store.access_codes import AccessSecret
from provisioning.store.kek import PublicKek
from provisioning.store.tables import ImportedSeed
from provisioning.store.vault import SealedSeed, SeedContext, SeedOpener
from provisioning.store.wrapped_rows import TABLES, Row, exchange, row_id, under_others

_TRIAL: Final = SeedContext("rotation", "trial", 1)


def rotate_kek(services: Services, command: RotateKeyCommand, now: datetime) -> Rotated:
    """Raises VaultError if the new key opens nothing, or outside the verifier role; HsmAway; StoreUnavailable."""
    opener, keys = services.opener, services.sealer.keys
    if opener is None:
        raise VaultError
    kek = PublicKek(command.key_id, keys.public(command.key_id))
    _try(opener, kek)
    rotation = Rotation(KeyPurpose.KEK, keys, _WrappedRows(opener, kek), lambda: _move_access_secret(opener, kek))
    return rotate_key(services, rotation, command, now)


def _try(opener: SeedOpener, kek: PublicKek) -> None:
    """Nothing is wrapped to a key that does not open."""
    data_key = secrets.token_bytes(32)
    bound = _TRIAL.encode()
    if opener.unwrap(SealedSeed(b"", kek.wrap(data_key, bound), kek.kek_id), _TRIAL) != data_key:
        raise VaultError


def _move_access_secret(opener: SeedOpener, kek: PublicKek) -> tuple[str, ...]:
    """Its file's name if it cannot be opened: seeds do not wait for it."""
    try:
        AccessSecret(opener.keys).rewrap(opener, kek)
    except HsmAway:
        raise
    except VaultError:
        return (opener.keys.access_file.name,)
    return ()


@dataclass(frozen=True, slots=True)
class _WrappedRows:
    """As Rows has it."""

    opener: SeedOpener
    kek: PublicKek

    @property
    def tables(self) -> Sequence[type[Row]]:
        return TABLES

    def under_others(self, tx: Session, table: type[Row], after: str, most: int) -> list[Row]:
        return under_others(tx, table, self.kek.kek_id, after, most)

    def place(self, row: Row) -> str:
        return row_id(row)

    def name(self, row: Row) -> str:
        return row_id(row)

    def move(self, row: Row) -> Exchange:
        sealed, context = _what(row)
        fresh = self.opener.rewrap(sealed, context, self.kek)
        return lambda tx: exchange(tx, row, sealed, fresh)


def _what(row: Row) -> tuple[SealedSeed, SeedContext]:
    if isinstance(row, ImportedSeed):
        return sealed_import(row), context_of_fob(row.institution_id, row.fob_id)
    return sealed_of(row), context_of(row)
