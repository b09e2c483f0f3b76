"""The rows under keys of mail addresses: how many there are under which key, and moving one to another."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from provisioning.store.address_box import AddressRow, SealedAddress, address_columns
from provisioning.store.tables import CustomerAddress, MailCode, OutboxMail

MOVED: Final[tuple[type[AddressRow], ...]] = (CustomerAddress, OutboxMail)
"""Every table with addresses."""

TABLES: Final = (*MOVED, MailCode)
"""Every table with a column `address_key_id`; a test looks for others. Codes go by themselves within hours."""

_PLACES: Final = {CustomerAddress: CustomerAddress.customer_id, OutboxMail: OutboxMail.id}


def count_by_address_key(tx: Session) -> dict[str, dict[str, int]]:
    """Key id → table → rows."""
    counted: dict[str, dict[str, int]] = {}
    for table in TABLES:
        named = select(table.address_key_id, func.count()).where(table.address_key_id.is_not(None))
        for key_id, rows in tx.execute(named.group_by(table.address_key_id)):
            counted.setdefault(str(key_id), {})[table.__tablename__] = rows
    return counted


def keys_of_addresses(tx: Session) -> set[str]:
    """Every key that an address is under."""
    named = (tx.scalars(select(table.address_key_id).distinct()) for table in MOVED)
    return {key_id for keys in named for key_id in keys if key_id is not None}


def under_others(tx: Session, table: type[AddressRow], key_id: str, after: str, most: int) -> list[AddressRow]:
    """Some rows that name another key, in the order of their places, those after `after`.

    Stored addresses come customer by customer: a notice tells equal ones by their hashes, so all of a customer's
    are moved at once.
    """
    place = _PLACES[table]
    others = (table.address_key_id.is_not(None), table.address_key_id != key_id, place > after)
    places = select(place).where(*others).distinct().order_by(place).limit(most)
    rows = select(table).where(*others, place.in_(tx.scalars(places).all()))
    return list(tx.scalars(rows.order_by(place, table.id)))


def place_of(row: AddressRow) -> str:
    """What rows are ordered by."""
    return row.customer_id if isinstance(row, CustomerAddress) else row.id


def exchange(tx: Session, row: AddressRow, fresh: SealedAddress) -> None:
    """Put the fresh seal where the one of `row` still stands: an address that was erased meanwhile stays so."""
    table = type(row)
    this = update(table).where(table.id == row.id, table.sealed_address == row.sealed_address)
    tx.execute(this.values(**address_columns(fresh)))
