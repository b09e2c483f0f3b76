"""Make a transfer (振込): with the one-time password or the mail password where asked for, within the limit.

Manual 001 asks for the one-time password, manual 002 for the mail password where the payee was not registered
beforehand (都度指定), manual 003 keeps the limit.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import BadInput, InputFault, NotFound, OverLimit
from provisioning.jobs.check_mail_password import CheckMailPasswordCommand, check_mail_password
from provisioning.jobs.prove_purpose import Proofs, Proved, prove_purpose
from provisioning.jobs.receipt_number import draw_receipt_number
from provisioning.rules.actor import Actor
from provisioning.rules.address_use import AddressUse
from provisioning.rules.mail_code import read_mail_code
from provisioning.rules.money_transfer import Account, read_account
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.store.addresses import current_address
from provisioning.store.audit import AuditRecord, record
from provisioning.store.money_transfers import moved_today_yen
from provisioning.store.tables import Customer, MoneyTransfer, Payee

_TAIL_DIGITS: Final = 8
_DRAWS: Final = 5


class _NumberTaken(Exception):
    """Another transfer of the day has drawn the same."""


@dataclass(frozen=True, slots=True)
class MakeTransferCommand:
    """To the registered payee `payee_id`, or to `account`, named for this once."""

    institution_id: str
    customer_id: str
    amount_yen: int
    login: str
    actor: Actor
    payee_id: str | None = None
    account: Account | None = None
    otp: str = field(default="", repr=False)
    mail_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class TransferMade:
    """The decision; `number` (受付番号) where it was made."""

    proved: Proved
    number: str | None = None


def make_transfer(services: Services, command: MakeTransferCommand, now: datetime) -> TransferMade:
    """Nothing is spent where the limit refuses.

    Raises BadInput (nothing is counted), OverLimit, NotFound.
    """
    proofs = Proofs(command.institution_id, command.customer_id, OtpPurpose.TRANSFER, command.otp, command.actor)
    account = _account(services, command)
    asks_mail_password = needs_mail_password(services, command.customer_id, registered=command.account is None)
    proofs.check_form(services)
    if asks_mail_password:
        read_mail_code(command.mail_password)
    elif command.mail_password:
        raise BadInput("mail_password", InputFault.NOT_OFFERED)
    with services.store.read() as session:
        check_limit(session, _customer(session, command), command.amount_yen, now)
    if asks_mail_password:
        typed = CheckMailPasswordCommand(
            command.institution_id, command.customer_id, command.login, command.mail_password, command.actor
        )
        checked = check_mail_password(services, typed, now)
        if checked.outcome is not Outcome.ACCEPTED:
            return TransferMade(Proved(Outcome.REFUSED, checked.reason, tries_left=checked.tries_left))
    for _ in range(_DRAWS):
        with suppress(_NumberTaken):
            return _make(services, command, proofs, account, now)
    return _make(services, command, proofs, account, now)


def _make(
    services: Services, command: MakeTransferCommand, proofs: Proofs, account: Account, now: datetime
) -> TransferMade:
    """Raises _NumberTaken, and then nothing is spent."""
    number = draw_receipt_number(now, _TAIL_DIGITS)
    # a row of its own for each try: one that was added to a transaction given up is not new to the next
    proved = prove_purpose(
        services, proofs, lambda tx: _enter(tx, services, command, _row(command, account, number, now)), now
    )
    return TransferMade(proved, number if proved.outcome is Outcome.ACCEPTED else None)


def needs_mail_password(services: Services, customer_id: str, *, registered: bool) -> bool:
    """The customer uses it, and the payee was not registered beforehand."""
    if registered:
        return False
    with services.store.read() as session:
        return current_address(session, customer_id, AddressUse.MAIL_PASSWORD) is not None


def check_limit(tx: Session, customer: Customer, amount_yen: int, now: datetime) -> None:
    """Raises OverLimit: with what was moved today it would be above the customer's limit."""
    limit = customer.transfer_limit_yen
    if limit is None:
        return
    left_yen = max(0, limit - moved_today_yen(tx, customer.id, now))
    if amount_yen > left_yen:
        raise OverLimit(limit, left_yen)


def _account(services: Services, command: MakeTransferCommand) -> Account:
    if (command.payee_id is None) == (command.account is None):
        raise BadInput("payee", InputFault.MISSING)
    if command.account is not None:
        typed = command.account
        account, faults = read_account(typed.bank, typed.branch, typed.account_number, typed.holder)
        if faults:
            raise faults[0]
        return account
    with services.store.read() as session:
        payee = session.get(Payee, command.payee_id)
        if payee is None or payee.customer_id != command.customer_id:
            raise NotFound("payee")
        return Account(payee.bank, payee.branch, payee.account_number, payee.holder)


def _customer(tx: Session, command: MakeTransferCommand, *, lock: bool = False) -> Customer:
    wanted = select(Customer).where(
        Customer.id == command.customer_id, Customer.institution_id == command.institution_id
    )
    customer = tx.scalars(wanted.with_for_update() if lock else wanted).one_or_none()
    if customer is None:
        raise NotFound("customer")
    return customer


def _row(command: MakeTransferCommand, account: Account, number: str, now: datetime) -> MoneyTransfer:
    return MoneyTransfer(
        number=number,
        institution_id=command.institution_id,
        customer_id=command.customer_id,
        payee_id=command.payee_id,
        bank=account.bank,
        branch=account.branch,
        account_number=account.account_number,
        holder=account.holder,
        amount_yen=command.amount_yen,
        made_at=now,
    )


def _enter(tx: Session, services: Services, command: MakeTransferCommand, row: MoneyTransfer) -> None:
    # asked again under the lock: two transfers at once, or a token's end, may have used the limit up
    customer = _customer(tx, command, lock=True)
    check_limit(tx, customer, command.amount_yen, row.made_at)
    tx.add(row)
    try:
        tx.flush()
    except IntegrityError:
        raise _NumberTaken from None
    entry = AuditRecord(
        row.made_at,
        command.actor,
        "make_transfer",
        "accepted",
        command.institution_id,
        customer_id=customer.id,
        facts={"transfer": row.id, "amount_yen": row.amount_yen, "registered": row.payee_id is not None},
    )
    record(tx, services.audit_key, entry)
