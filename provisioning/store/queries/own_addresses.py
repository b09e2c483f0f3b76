"""A customer's stored mail addresses and the passwords sent there, as the customer may see them: masked (R66)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.rules.address_use import AddressUse
from provisioning.services import Services
from provisioning.store.addresses import current_address
from provisioning.store.mail_codes import living_code
from provisioning.store.queries.mails import MASK, MailState, masked
from provisioning.store.tables import CustomerAddress, OutboxMail

__all__ = ["AddressUse", "MailState", "OwnAddress", "SentCode", "code_for", "current_code", "own_addresses"]


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """A confirmed address. `retired_at`: not needed since then, and told of what happens for some days more."""

    use: AddressUse
    masked_address: str
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class SentCode:
    """Where mail passwords go; `state` is the newest one's of this login, None where none was asked for."""

    masked_address: str
    state: MailState | None

    @property
    def is_waited_for(self) -> bool:
        """One was asked for, and is not sent yet."""
        return self.state in (MailState.QUEUED, MailState.SENDING)

    @property
    def on_its_way(self) -> bool:
        """One was asked for, and may be there by now."""
        return self.is_waited_for or self.state is MailState.SENT


def own_addresses(services: Services, customer_id: str) -> tuple[OwnAddress, ...]:
    """Those that notices go to, the newest first."""
    confirmed = select(CustomerAddress).where(
        CustomerAddress.customer_id == customer_id, CustomerAddress.confirmed_at.is_not(None)
    )
    with services.store.read() as tx:
        rows = tx.scalars(confirmed.order_by(CustomerAddress.confirmed_at.desc(), CustomerAddress.id)).all()
        return tuple(OwnAddress(row.use, _masked(services, row), row.retired_at) for row in rows)


def current_code(services: Services, customer_id: str, login: str, now: datetime) -> SentCode | None:
    """Of the address in use; None for a customer without the mail password."""
    with services.store.read() as tx:
        address = current_address(tx, customer_id, AddressUse.MAIL_PASSWORD)
        return None if address is None else _sent(tx, services, address, login, now)


def code_for(services: Services, customer_id: str, address_id: str, login: str, now: datetime) -> SentCode | None:
    """Of an address that is to be confirmed; None if it is not there any more."""
    with services.store.read() as tx:
        address = tx.get(CustomerAddress, address_id)
        if address is None or address.customer_id != customer_id or address.confirmed_at is not None:
            return None
        return _sent(tx, services, address, login, now)


def _sent(tx: Session, services: Services, address: CustomerAddress, login: str, now: datetime) -> SentCode:
    code = living_code(tx, address.id, login, now)
    state = None if code is None else tx.get_one(OutboxMail, code.mail_id).state
    return SentCode(_masked(services, address), state)


def _masked(services: Services, row: CustomerAddress) -> str:
    if services.addresses is None:
        return MASK
    return masked(services.addresses.open(row))
