"""Send a メール通知パスワード: to the address in use, or to one that is to be confirmed (manual 002)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound, TooEarly, WrongState
from provisioning.rules.actor import Actor
from provisioning.rules.address_use import AddressUse
from provisioning.services import Services
from provisioning.store.addresses import current_address
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.mail_codes import asked_since, owe_code
from provisioning.store.tables import Customer, CustomerAddress

MOST_AN_HOUR: Final = 20
"""Of one customer; far above what anybody needs, and nobody's mailbox is filled."""


@dataclass(frozen=True, slots=True)
class AskMailPasswordCommand:
    """`login` names the login in which it will be good. `address_id` is one to be confirmed; None: that in use."""

    institution_id: str
    customer_id: str
    login: str
    actor: Actor
    address_id: str | None = None


@retried
def ask_mail_password(services: Services, command: AskMailPasswordCommand, now: datetime) -> str:
    """Owe the mail, whose id is answered; what was sent there before is over.

    Raises NotFound, WrongState if the customer uses no mail password, TooEarly after MOST_AN_HOUR of them.
    """
    with services.store.write() as tx:
        # one after the other: what the one before was sent is over, and how many there are is exact
        tx.execute(select(Customer.id).where(Customer.id == command.customer_id).with_for_update())
        address = _address(tx, command)
        refuse_too_many(tx, address.customer_id, now)
        mail = owe_code(tx, address, command.login, now)
        entry = AuditRecord(
            now,
            command.actor,
            "ask_mail_password",
            "queued",
            command.institution_id,
            customer_id=address.customer_id,
            facts={"mail": mail.id, "address": address.id},
        )
        record(tx, services.audit_key, entry)
        return mail.id


def refuse_too_many(tx: Session, customer_id: str, now: datetime) -> None:
    """Raises TooEarly."""
    count, first = asked_since(tx, customer_id, now - timedelta(hours=1))
    if first is not None and count >= MOST_AN_HOUR:
        raise TooEarly(first + timedelta(hours=1))


def _address(tx: Session, command: AskMailPasswordCommand) -> CustomerAddress:
    if command.address_id is not None:
        return unconfirmed_address(tx, command.institution_id, command.customer_id, command.address_id)
    address = current_address(tx, command.customer_id, AddressUse.MAIL_PASSWORD)
    if address is None or address.institution_id != command.institution_id:
        raise WrongState("mail_password", "none")
    return address


def unconfirmed_address(tx: Session, institution_id: str, customer_id: str, address_id: str) -> CustomerAddress:
    """The customer's address that waits for its code. Raises NotFound."""
    waiting = select(CustomerAddress).where(
        CustomerAddress.id == address_id,
        CustomerAddress.institution_id == institution_id,
        CustomerAddress.customer_id == customer_id,
        CustomerAddress.confirmed_at.is_(None),
    )
    address = tx.scalars(waiting).one_or_none()
    if address is None:
        raise NotFound("address")
    return address
