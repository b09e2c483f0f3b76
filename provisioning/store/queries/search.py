"""Find a customer by whatever is at hand: name, kana, login ID, user ID, fob serial, a number on paper."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from provisioning.rules.search_text import key, normal
from provisioning.rules.states import CredentialState, Slot, TokenKind
from provisioning.store.engine import Store
from provisioning.store.tables import (
    Application,
    AuditEntry,
    Company,
    CompanyKey,
    Credential,
    Customer,
    CustomerKey,
    Fob,
    KeyKind,
)

LIMIT: Final = 50
_MOST_KEYS: Final = 8 * LIMIT
"""So many keys are read at most; a customer whose name has a text twice, or in its reading too, has several."""
REFERENCE_PREFIX: Final = "K-"


class FoundBy(StrEnum):
    """What of a customer matched."""

    NAME = "name"
    COMPANY = "company"
    LOGIN_ID = "login_id"
    USER_ID = "user_id"
    SERIAL = "serial"
    APPLICATION = "application"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class CustomerFound:
    """One hit. `kind` and `state` are of the open credential, None without one; `company_name` is the user's."""

    id: str
    branch: str
    user_id: str
    login_id: str
    name: str
    name_kana: str
    kind: TokenKind | None
    state: CredentialState | None
    found_by: FoundBy
    company_name: str | None = None


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Where to look: an institution, or one branch of it."""

    institution_id: str
    branch: str | None = None


def search_customers(store: Store, scope: SearchScope, text: str) -> tuple[CustomerFound, ...]:
    """At most LIMIT customers, by user ID; a number that names exactly one thing wins over parts of names.

    `text` as typed or scanned: width of letters, case, spaces, and hiragana or katakana do not matter. Of more
    than LIMIT customers, those whose keys come first in order are shown.
    """
    wanted = normal(text)
    if not wanted:
        return ()
    with store.read() as session:
        for found_by, condition in _exact(wanted):
            found = _matching(session, scope, found_by, condition)
            if found:
                return found
        return _by_part(session, scope, key(wanted))


_Condition = tuple[FoundBy, ColumnElement[bool]]


def _exact(wanted: str) -> list[_Condition]:
    conditions: list[_Condition] = [
        (FoundBy.USER_ID, Customer.user_id == wanted.upper()),
        (FoundBy.LOGIN_ID, Customer.login_id == wanted),
        (FoundBy.SERIAL, Customer.id == _last_keeper(Fob.serial == wanted.upper())),
        (FoundBy.APPLICATION, Customer.id.in_(_applicant(wanted.upper()))),
    ]
    number = wanted.upper().removeprefix(REFERENCE_PREFIX)
    if number != wanted.upper() and number.isascii() and number.isdecimal() and len(number) < 16:
        conditions.append((FoundBy.REFERENCE, Customer.id.in_(_concerned(int(number)))))
    return conditions


def _by_part(session: Session, scope: SearchScope, part: str) -> tuple[CustomerFound, ...]:
    """Customers of whom `part` begins a key: it stands somewhere in the name, or begins one of the IDs; then users
    of companies in whose names it stands.
    """
    query = (
        select(CustomerKey.customer_id, CustomerKey.kind)
        .where(CustomerKey.institution_id == scope.institution_id)
        .where(CustomerKey.text >= part, CustomerKey.text < part + _LAST_SIGN)
        .order_by(CustomerKey.text, CustomerKey.branch, CustomerKey.customer_id)
        .limit(_MOST_KEYS)
    )
    if scope.branch is not None:
        query = query.where(CustomerKey.branch == scope.branch)
    kinds: dict[str, KeyKind] = {}
    for customer_id, kind in session.execute(query):
        if len(kinds) < LIMIT:
            kinds.setdefault(customer_id, kind)
    named = _rows(session, scope, Customer.id.in_(kinds)) if kinds else []
    found = [_found(*row, FoundBy(kinds[row[0].id])) for row in named]
    companies = list(session.scalars(_companies(scope, part)))
    ids = _users(session, scope, companies) if companies else []
    users = _rows(session, scope, Customer.id.in_(ids)) if ids else []
    found += [_found(*row, FoundBy.COMPANY) for row in users if row[0].id not in kinds]
    return tuple(found[:LIMIT])


def _users(session: Session, scope: SearchScope, companies: list[str]) -> list[str]:
    """Their IDs first: in one question the database would read every customer of the institution."""
    query = select(Customer.id).where(Customer.company_id.in_(companies))
    if scope.branch is not None:
        query = query.where(Customer.branch == scope.branch)
    return list(session.scalars(query.order_by(Customer.login_id).limit(LIMIT)))


def _companies(scope: SearchScope, part: str) -> Select[str]:
    """In whose names or readings `part` stands."""
    return (
        select(CompanyKey.company_id)
        .where(CompanyKey.institution_id == scope.institution_id)
        .where(CompanyKey.text >= part, CompanyKey.text < part + _LAST_SIGN)
        .distinct()
        .order_by(CompanyKey.company_id)
        .limit(LIMIT)
    )


_LAST_SIGN: Final = chr(sys.maxunicode)


def _last_keeper(fob: ColumnElement[bool]) -> Any:
    """Whoever holds the fob's newest credential, open or ended."""
    query = select(Credential.customer_id).join(Fob, Fob.id == Credential.fob_id).where(fob)
    return query.order_by(Credential.issued_at.desc(), Credential.id).limit(1).scalar_subquery()


def _applicant(number: str) -> Select[str]:
    return select(Application.customer_id).where(Application.number == number)


def _concerned(entry_id: int) -> Select[str | None]:
    return select(AuditEntry.customer_id).where(AuditEntry.id == entry_id)


def _matching(
    session: Session, scope: SearchScope, found_by: FoundBy, condition: ColumnElement[bool]
) -> tuple[CustomerFound, ...]:
    return tuple(_found(*row, found_by) for row in _rows(session, scope, condition))


_Row = tuple[Customer, str | None, TokenKind | None, CredentialState | None]


def _rows(session: Session, scope: SearchScope, condition: ColumnElement[bool]) -> list[_Row]:
    is_open = (
        (Credential.customer_id == Customer.id)
        & (Credential.slot == Slot.CURRENT)
        & (Credential.state != CredentialState.ENDED)
    )
    query = (
        select(Customer, Company.name, Credential.kind, Credential.state)
        .outerjoin(Company, Company.id == Customer.company_id)
        .outerjoin(Credential, is_open)
        .where(Customer.institution_id == scope.institution_id, condition)
        .order_by(Customer.user_id)
        .limit(LIMIT)
    )
    if scope.branch is not None:
        query = query.where(Customer.branch == scope.branch)
    return [(customer, company, kind, state) for customer, company, kind, state in session.execute(query)]


def _found(
    customer: Customer,
    company_name: str | None,
    kind: TokenKind | None,
    state: CredentialState | None,
    found_by: FoundBy,
) -> CustomerFound:
    return CustomerFound(
        id=customer.id,
        branch=customer.branch,
        user_id=customer.user_id,
        login_id=customer.login_id,
        name=customer.name,
        name_kana=customer.name_kana,
        kind=kind,
        state=state,
        found_by=found_by,
        company_name=company_name,
    )
