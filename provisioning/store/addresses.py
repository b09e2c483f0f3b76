"""A customer's stored addresses: which is the current one for a use, and what becomes of the one before it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from provisioning.rules.address_use import AddressUse
from provisioning.store.address_box import AddressBox, address_columns
from provisioning.store.journal import changed_rows
from provisioning.store.tables import CustomerAddress, OutboxMail


def current_address(tx: Session, customer_id: str, use: AddressUse) -> CustomerAddress | None:
    """The confirmed address in use for `use`; there is at most one."""
    return tx.scalars(select(CustomerAddress).where(*_current(customer_id, use))).one_or_none()


def retire_address(tx: Session, customer_id: str, use: AddressUse, now: datetime) -> bool:
    """The current one is not needed any more; it is told of what happens until it is erased. False without one."""
    current = update(CustomerAddress).where(*_current(customer_id, use))
    return changed_rows(tx, current.values(retired_at=now)) == 1


def confirm_by_set_up(tx: Session, box: AddressBox, mail: OutboxMail, now: datetime) -> None:
    """An app was set up with what `mail` told: its reader is the customer, and this the token's address (R75)."""
    before = current_address(tx, mail.customer_id, AddressUse.TOKEN)
    if before is not None and box.are_same(before, mail):
        before.language = mail.language
        return
    retire_address(tx, mail.customer_id, AddressUse.TOKEN, now)
    tx.add(
        CustomerAddress(
            institution_id=mail.institution_id,
            customer_id=mail.customer_id,
            use=AddressUse.TOKEN,
            **address_columns(mail),
            language=mail.language,
            stored_at=mail.queued_at,
            confirmed_at=now,
        )
    )
    tx.flush()


def _current(customer_id: str, use: AddressUse) -> tuple[ColumnElement[bool], ...]:
    return (
        CustomerAddress.customer_id == customer_id,
        CustomerAddress.use == use,
        CustomerAddress.confirmed_at.is_not(None),
        CustomerAddress.retired_at.is_(None),
    )
