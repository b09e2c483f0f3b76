"""Find a customer by whatever is at hand: name, kana, login ID, user ID, fob serial, a number on paper."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from provisioning.rules.states import CredentialState, Slot, TokenKind
from provisioning.store.engine import Store
from provisioning.store.tables import Application, AuditEntry, Credential, Customer, Fob

LIMIT: Final = 50
REFERENCE_PREFIX: Final = "K-"


class FoundBy(StrEnum):
    """What of a customer matched."""

    NAME = "name"
    LOGIN_ID = "login_id"
    USER_ID = "user_id"
    SERIAL = "serial"
    APPLICATION = "application"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class CustomerFound:
    """One hit. `kind` and `state` are of the open credential, None without one."""

    id: str
    branch: str
    user_id: str
    login_id: str
    name: str
    name_kana: str
    kind: TokenKind | None
    state: CredentialState | None
    found_by: FoundBy


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Where to look: an institution, or one branch of it."""

    institution_id: str
    branch: str | None = None


def search_customers(store: Store, scope: SearchScope, text: str) -> tuple[CustomerFound, ...]:
    """At most LIMIT customers, by user ID; a number that names exactly one thing wins over parts of names.

    `text` as typed or scanned: width of letters, case, and hiragana or katakana do not matter.
    """
    wanted = normal(text)
    if not wanted:
        return ()
    with store.read() as session:
        for found_by, condition in _exact(wanted):
            found = _matching(session, scope, found_by, condition)
            if found:
                return found
        hits: dict[str, CustomerFound] = {}
        for found_by, condition in _partial(wanted):
            for hit in _matching(session, scope, found_by, condition):
                hits.setdefault(hit.id, hit)
    return tuple(sorted(hits.values(), key=lambda hit: hit.user_id))[:LIMIT]


def normal(text: str) -> str:
    """Full-width letters and digits made plain, half-width kana full, hiragana as katakana, no outer space."""
    folded = unicodedata.normalize("NFKC", text).strip()
    return "".join(chr(ord(sign) + _TO_KATAKANA) if sign in _HIRAGANA else sign for sign in folded)


_HIRAGANA: Final = frozenset(chr(code) for code in range(0x3041, 0x3097))
_TO_KATAKANA: Final = 0x60

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


def _partial(wanted: str) -> list[_Condition]:
    bare = wanted.replace(" ", "")
    name = (
        FoundBy.NAME,
        _without_spaces(Customer.name).contains(bare, autoescape=True)
        | _without_spaces(Customer.name_kana).contains(bare, autoescape=True),
    )
    if not wanted.isascii():
        return [name]
    return [
        name,
        (FoundBy.USER_ID, Customer.user_id.startswith(wanted.upper(), autoescape=True)),
        (FoundBy.LOGIN_ID, Customer.login_id.istartswith(wanted, autoescape=True)),
    ]


def _without_spaces(column: Any) -> ColumnElement[str]:
    return func.replace(func.replace(column, " ", ""), "\N{IDEOGRAPHIC SPACE}", "")


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
    is_open = (
        (Credential.customer_id == Customer.id)
        & (Credential.slot == Slot.CURRENT)
        & (Credential.state != CredentialState.ENDED)
    )
    query = (
        select(Customer, Credential.kind, Credential.state)
        .outerjoin(Credential, is_open)
        .where(Customer.institution_id == scope.institution_id, condition)
        .order_by(Customer.user_id)
        .limit(LIMIT)
    )
    if scope.branch is not None:
        query = query.where(Customer.branch == scope.branch)
    rows = session.execute(query)
    return tuple(_found(customer, kind, state, found_by) for customer, kind, state in rows)


def _found(
    customer: Customer, kind: TokenKind | None, state: CredentialState | None, found_by: FoundBy
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
    )
