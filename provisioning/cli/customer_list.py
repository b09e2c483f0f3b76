"""A list of customers as a bank's own systems write it: CSV with a header, a customer a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provisioning.cli.compose import OPERATOR
from provisioning.errors import BadInput, InputFault, KagiyaError
from provisioning.jobs.add_customer import AddCustomerCommand, check_customer
from provisioning.rules.company import CompanyRole
from provisioning.services import Services

_NEEDED: Final = ("branch", "login_id", "user_id", "name", "password", "confirmation_password")
_OPTIONAL: Final = ("name_kana", "transfer_limit_yen", "company_id", "company_role")


@dataclass(frozen=True, slots=True)
class ListedCustomer:
    """A line of the file: what it asks for, or why it cannot be used."""

    line: int
    command: AddCustomerCommand | None
    fault: KagiyaError | None = None


def read_list(services: Services, institution_id: str, content: bytes) -> Iterator[ListedCustomer]:
    """Every line of it, in order. Raises BadInput for what is no such list at all."""
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header = next(lines, [])
        _check_header(header)
        for values in lines:
            if values:
                yield _read(services, institution_id, lines.line_num, header, values)
    except UnicodeDecodeError:
        raise BadInput("file", InputFault.BAD_FORM) from None
    except csv.Error:
        raise BadInput(f"line {lines.line_num}", InputFault.BAD_FORM) from None


def _check_header(header: list[str]) -> None:
    for name in _NEEDED:
        if name not in header:
            raise BadInput(name, InputFault.MISSING)
    for name in header:
        if name not in (*_NEEDED, *_OPTIONAL) or header.count(name) > 1:
            raise BadInput(name, InputFault.UNKNOWN_FIELD)


def _read(
    services: Services, institution_id: str, line: int, header: list[str], values: list[str]
) -> ListedCustomer:
    try:
        if len(values) != len(header):
            raise BadInput("line", InputFault.WRONG_LENGTH)
        command = _command(institution_id, dict(zip(header, values, strict=True)))
        check_customer(services, command)
    except KagiyaError as fault:
        return ListedCustomer(line, None, fault)
    return ListedCustomer(line, command)


def _command(institution_id: str, told: dict[str, str]) -> AddCustomerCommand:
    limit, role = told.get("transfer_limit_yen", ""), told.get("company_role", "")
    if limit and not (limit.isascii() and limit.isdigit()):
        raise BadInput("transfer_limit_yen", InputFault.NOT_DIGITS)
    if role and role not in set(CompanyRole):
        raise BadInput("company_role", InputFault.NOT_OFFERED)
    return AddCustomerCommand(
        institution_id,
        told["branch"],
        told["login_id"],
        told["user_id"],
        told["name"],
        password=told["password"],
        confirmation_password=told["confirmation_password"],
        actor=OPERATOR,
        name_kana=told.get("name_kana", ""),
        transfer_limit_yen=int(limit) if limit else None,
        company_id=told.get("company_id") or None,
        company_role=CompanyRole(role) if role else None,
    )
