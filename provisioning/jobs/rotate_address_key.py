"""Another key of mail addresses: every address is sealed and hashed anew, while mails are sent (R48, R66)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from provisioning.jobs.retire_key import RetireKeyCommand, Retirement, retire_key
from provisioning.jobs.rotate_key import Exchange, KeyPurpose, Rotated, RotateKeyCommand, Rotation, rotate_key
from provisioning.jobs.ticket_box import address_box
from provisioning.services import Services
from provisioning.store.address_box import AddressBox, AddressRow
from provisioning.store.address_rows import MOVED, count_by_address_key, exchange, place_of, under_others


def rotate_address_key(services: Services, command: RotateKeyCommand, now: datetime) -> Rotated:
    """Raises AddressKeyAway if the new key is not here, VaultError in a role without any; StoreUnavailable."""
    box = address_box(services)
    box.require(command.key_id)
    rotation = Rotation(KeyPurpose.ADDRESS, box.keys, _SealedRows(box, command.key_id))
    return rotate_key(services, rotation, command, now)


def retire_address_key(services: Services, command: RetireKeyCommand, now: datetime) -> None:
    """Raises NotFound; WrongState while it is in force or a row names it; TooEarly; VaultError."""
    keys = address_box(services).keys
    retire_key(services, Retirement(KeyPurpose.ADDRESS, keys, count_by_address_key), command, now)


@dataclass(frozen=True, slots=True)
class _SealedRows:
    """As Rows has it."""

    box: AddressBox
    key_id: str

    @property
    def tables(self) -> Sequence[type[AddressRow]]:
        return MOVED

    def under_others(self, tx: Session, table: type[AddressRow], after: str, most: int) -> list[AddressRow]:
        return under_others(tx, table, self.key_id, after, most)

    def place(self, row: AddressRow) -> str:
        return place_of(row)

    def name(self, row: AddressRow) -> str:
        return f"{row.__tablename__} {row.id} under {row.address_key_id}"

    def move(self, row: AddressRow) -> Exchange:
        fresh = self.box.seal_under(self.key_id, self.box.open(row), row.institution_id)
        return lambda tx: exchange(tx, row, fresh)
