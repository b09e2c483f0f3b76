"""Confirm an entered mail address with what was sent there, and take it into use (手順3 of manual 002; R75)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.jobs.ask_mail_password import unconfirmed_address
from provisioning.jobs.check_mail_password import (
    CheckMailPasswordCommand,
    MailPasswordResult,
    judge_mail_password,
)
from provisioning.jobs.propose_address import refuse_with_token
from provisioning.jobs.prove_purpose import Proofs, Proved, prove_purpose, refuse_confirmation
from provisioning.rules.actor import Actor
from provisioning.rules.address_use import AddressUse
from provisioning.rules.mail_code import read_mail_code
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.store.addresses import current_address, retire_address
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.line import JoinedLine
from provisioning.store.mail_codes import forget_code
from provisioning.store.notices import Notice, owe_notices
from provisioning.store.tables import Customer, CustomerAddress


@dataclass(frozen=True, slots=True)
class ConfirmAddressCommand:
    """`mail_password` is the one sent to that address. `confirmation_password` None: the bank has checked it.

    `otp`: for an address for notices, where the institution asks for one and the customer's token is in use.
    """

    institution_id: str
    customer_id: str
    address_id: str
    login: str
    mail_password: str = field(repr=False)
    confirmation_password: str | None = field(repr=False)
    actor: Actor
    otp: str = field(default="", repr=False)


def confirm_address(services: Services, command: ConfirmAddressCommand, now: datetime) -> Proved:
    """From now on the current address for its use; every stored address is told (R45).

    Raises BadInput (nothing is counted), NotFound, WrongState("credential", …) where a token came first (R44).
    """
    read_mail_code(command.mail_password)
    with services.store.read() as session:
        address = _waiting(session, command)
    purpose = OtpPurpose.INFORMATION if address.use is AddressUse.NOTICES else None
    proofs = Proofs(command.institution_id, command.customer_id, purpose, command.otp, command.actor)
    proofs.check_form(services)
    refused = refuse_confirmation(services, proofs, command.confirmation_password, now)
    if refused is not None:
        return refused
    checked = _check(services, command, address, now)
    if checked.outcome is not Outcome.ACCEPTED:
        return Proved(Outcome.REFUSED, checked.reason, tries_left=checked.tries_left)
    return prove_purpose(services, proofs, lambda tx: _confirm(tx, services, command, now), now)


@retried
def _check(
    services: Services, command: ConfirmAddressCommand, address: CustomerAddress, now: datetime
) -> MailPasswordResult:
    typed = CheckMailPasswordCommand(
        command.institution_id, command.customer_id, command.login, command.mail_password, command.actor
    )
    with services.store.write() as tx:
        return judge_mail_password(tx, services, address, typed, now)


def _waiting(tx: Session, command: ConfirmAddressCommand) -> CustomerAddress:
    return unconfirmed_address(tx, command.institution_id, command.customer_id, command.address_id)


def _confirm(tx: Session, services: Services, command: ConfirmAddressCommand, now: datetime) -> None:
    # an activation that ends the mail password waits here, or this for it: one of them sees the other (R44)
    customer = tx.scalars(select(Customer).where(Customer.id == command.customer_id).with_for_update()).one()
    address = _waiting(tx, command)
    if address.use is AddressUse.MAIL_PASSWORD:
        refuse_with_token(tx, customer.id)
    else:
        forget_code(tx, address.id)
    before = current_address(tx, customer.id, address.use)
    retire_address(tx, customer.id, address.use, now)
    address.confirmed_at = now
    tx.flush()
    _tell(tx, customer, address, first=before is None, now=now)
    act = "change_mail_password" if address.use is AddressUse.MAIL_PASSWORD else "change_information"
    entry = AuditRecord(
        now,
        command.actor,
        act,
        "started" if before is None else "changed",
        command.institution_id,
        customer_id=customer.id,
        facts={"address": address.id, "instead_of": before.id if before else None},
    )
    record(tx, services.audit_key, entry)


def _tell(tx: Session, customer: Customer, address: CustomerAddress, *, first: bool, now: datetime) -> None:
    line = JoinedLine(tx.connection())

    def notice(kind: MailKind, **facts: str) -> Notice:
        return Notice(kind, customer.institution_id, customer.id, now, facts)

    if address.use is AddressUse.NOTICES:
        owe_notices(line, notice(MailKind.ADDRESS_CHANGED))
        return
    owe_notices(line, notice(MailKind.MAIL_PASSWORD_CHANGED), only=address.id)
    if first:
        owe_notices(line, notice(MailKind.MAIL_PASSWORD_STARTED, name=customer.name))
    else:
        owe_notices(line, notice(MailKind.ADDRESS_CHANGED), but=address.id)
