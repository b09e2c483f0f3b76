"""Enter a customer of the embedded portal login."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import AlreadyTaken, BadInput, InputFault, WrongState
from provisioning.jobs.passwords import hash_password
from provisioning.rules.actor import Actor
from provisioning.rules.company import CompanyRole
from provisioning.rules.identifiers import lookup_name, read_user_id
from provisioning.rules.institution import MOST_YEN
from provisioning.rules.plain_signs import plain
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Company, Customer

_NAME_LENGTH: Final = 100
_FEWEST_SIGNS: Final = 8
_CONFIRMATION: Final = re.compile(r"[0-9A-Za-z]{6,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class AddCustomerCommand:
    """`confirmation_password` has 6 to 12 letters and digits (manuals 001, 003).

    `company_id` and `company_role` where the institution has companies, and only there; the master comes first.
    """

    institution_id: str
    branch: str
    login_id: str
    user_id: str
    name: str
    password: str = field(repr=False)
    confirmation_password: str = field(repr=False)
    actor: Actor
    name_kana: str = ""
    transfer_limit_yen: int | None = None
    company_id: str | None = None
    company_role: CompanyRole | None = None


@retried
def add_customer(services: Services, command: AddCustomerCommand, now: datetime) -> str:
    """The new row's id.

    Raises BadInput, NotFound("company"), AlreadyTaken for a login ID or user ID that somebody has and for the
    company's second master, WrongState for a company that has no master yet.
    """
    check_customer(services, command)
    customer = Customer(
        institution_id=command.institution_id,
        branch=command.branch,
        login_id=command.login_id,
        user_id=command.user_id,
        name=command.name.strip(),
        name_kana=command.name_kana.strip(),
        password_hash=hash_password(command.password),
        confirmation_hash=hash_password(command.confirmation_password),
        transfer_limit_yen=command.transfer_limit_yen,
        company_id=command.company_id,
        company_role=command.company_role,
        created_at=now,
    )
    try:
        with services.store.write() as tx:
            _check_company(tx, command)
            tx.add(customer)
            tx.flush()
            record(tx, services.audit_key, _audit(command, customer.id, now))
    except IntegrityError:
        raise AlreadyTaken("login ID, user ID or role of the master") from None
    return customer.id


def _check_company(tx: Session, command: AddCustomerCommand) -> None:
    """Whoever is not the master finds one there: no company has users and no master."""
    if command.company_id is None:
        return
    company = own_row(tx, Company, command.company_id, command.institution_id)
    master = select(Customer.id).where(
        Customer.company_id == company.id, Customer.company_role == CompanyRole.MASTER
    )
    if command.company_role is not CompanyRole.MASTER and tx.scalar(master) is None:
        raise WrongState("company", "without a master")


def _audit(command: AddCustomerCommand, customer_id: str, now: datetime) -> AuditRecord:
    role = command.company_role
    facts = {} if role is None else {"company_id": command.company_id, "role": role.value}
    return AuditRecord(
        now, command.actor, "add_customer", "added", command.institution_id, customer_id=customer_id, facts=facts
    )


def check_customer(services: Services, command: AddCustomerCommand) -> None:
    """Raises BadInput for what could never be entered, whoever is there already."""
    institution = services.institution(command.institution_id)
    if lookup_name(command.login_id, "login_id") != plain(command.login_id):  # nobody could type it
        raise BadInput("login_id", InputFault.BAD_FORM)
    read_user_id(command.user_id, institution)
    if command.branch not in institution.branches:
        raise BadInput("branch", InputFault.NOT_OFFERED)
    for name, given in (("company_id", command.company_id), ("company_role", command.company_role)):
        if institution.companies is (given is None):
            raise BadInput(name, InputFault.MISSING if institution.companies else InputFault.NOT_OFFERED)
    if not command.name.strip():
        raise BadInput("name", InputFault.MISSING)
    if len(command.name) > _NAME_LENGTH or len(command.name_kana) > _NAME_LENGTH:
        raise BadInput("name", InputFault.WRONG_LENGTH)
    if command.transfer_limit_yen is not None and not 0 <= command.transfer_limit_yen <= MOST_YEN:
        raise BadInput("transfer_limit_yen", InputFault.BAD_FORM)
    if len(command.password) < _FEWEST_SIGNS:
        raise BadInput("password", InputFault.WRONG_LENGTH)
    if not _CONFIRMATION.fullmatch(command.confirmation_password):
        raise BadInput("confirmation_password", InputFault.BAD_FORM)
