"""Enter a customer of the embedded portal login."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.exc import IntegrityError

from provisioning.errors import AlreadyTaken, BadInput, InputFault
from provisioning.jobs.passwords import hash_password
from provisioning.rules.actor import Actor
from provisioning.rules.identifiers import lookup_name, read_user_id
from provisioning.rules.institution import MOST_YEN
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.tables import Customer

_NAME_LENGTH: Final = 100
_FEWEST_SIGNS: Final = 8
_CONFIRMATION: Final = re.compile(r"[0-9A-Za-z]{6,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class AddCustomerCommand:
    """`confirmation_password` has 6 to 12 letters and digits (manuals 001, 003)."""

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


def add_customer(services: Services, command: AddCustomerCommand, now: datetime) -> str:
    """The new row's id. Raises BadInput, or AlreadyTaken for a login ID or user ID that somebody has."""
    _check(services, command)
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
        created_at=now,
    )
    try:
        with services.store.write() as tx:
            tx.add(customer)
            tx.flush()
            entry = AuditRecord(
                now, command.actor, "add_customer", "added", command.institution_id, customer_id=customer.id
            )
            record(tx, services.audit_key, entry)
    except IntegrityError:
        raise AlreadyTaken("login ID or user ID") from None
    return customer.id


def _check(services: Services, command: AddCustomerCommand) -> None:
    institution = services.institution(command.institution_id)
    lookup_name(command.login_id, "login_id")
    read_user_id(command.user_id, institution)
    if command.branch not in institution.branches:
        raise BadInput("branch", InputFault.NOT_OFFERED)
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
