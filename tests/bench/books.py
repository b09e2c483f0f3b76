"""The books of a large institution, entered in bulk: customers with names, tokens in every state, fobs, mails.

Nobody can log in and no seed can be opened here; lists, searches and counts find what they would find in a bank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert

from provisioning.rules.mail_kind import MailKind
from provisioning.rules.parameters import Algorithm, OtpType
from provisioning.rules.states import CredentialState, EndedHow, FobState, JobKind, JobState, Slot, TokenKind
from provisioning.services import Services
from provisioning.store.tables import (
    Application,
    ApplicationState,
    AuditEntry,
    Base,
    Credential,
    Customer,
    CustomerKey,
    Fob,
    MailState,
    OutboxMail,
    ProgrammingJob,
    keys_of,
    new_id,
)
from tests.bench.names import full_name
from tests.bench.people import INSTITUTION

BRANCHES: Final = ("本店", "駅前支店")
FIRST_USER_ID: Final = 700_000_000_000
_CHUNK: Final = 2_000
_BLANK_FOBS: Final = 1_000
_BEGAN: Final = datetime(2026, 1, 5, tzinfo=UTC)

# of a hundred customers: how many tokens in which state; the rest never had one
_STATES: Final = (
    [CredentialState.ACTIVE] * 70
    + [CredentialState.SET_UP] * 2
    + [CredentialState.SUSPENDED]
    + [CredentialState.ISSUED] * 2
    + [CredentialState.ENDED] * 20
)
_FOB_STATES: Final = {
    CredentialState.ACTIVE: FobState.IN_USE,
    CredentialState.SUSPENDED: FobState.IN_USE,
    CredentialState.SET_UP: FobState.HANDED_OVER,
    CredentialState.ISSUED: FobState.RESERVED,
    CredentialState.ENDED: FobState.RETURNED,
}

Row = dict[str, Any]


def enter_books(services: Services, count: int) -> None:
    """`count` customers of the first institution and all that belongs to them."""
    for first in range(0, count, _CHUNK):
        numbers = range(first, min(first + _CHUNK, count))
        _enter(services, (row for number in numbers for row in _person(number)))
    blank = (_fob(f"KS-{number:06d}", BRANCHES[number % 2], None) for number in range(_BLANK_FOBS))
    _enter(services, ((Fob, row) for row in blank))


def _enter(services: Services, rows: Iterator[tuple[type[Base], Row]]) -> None:
    """Foreign keys lead backwards in the order of `_ORDER`."""
    assert services.addresses is not None
    sealed = services.addresses.seal("hanako@mihon.example", INSTITUTION)
    more: dict[type[Base], Row] = {
        OutboxMail: {"sealed_address": sealed.sealed_address, "address_key_id": sealed.address_key_id}
    }
    by_table: dict[type[Base], list[Row]] = {table: [] for table in _ORDER}
    for table, row in rows:
        by_table[table].append(row | more.get(table, {}))
    with services.store.write_connection() as connection:
        for table, entered in by_table.items():
            if entered:
                connection.execute(insert(table), entered)
        keys = [key for customer in by_table[Customer] for key in keys_of(customer)]
        if keys:
            connection.execute(insert(CustomerKey), keys)


_ORDER: Final = (Customer, Fob, Credential, ProgrammingJob, OutboxMail, Application, AuditEntry)


def _person(number: int) -> Iterator[tuple[type[Base], Row]]:
    customer = _customer(number)
    yield Customer, customer
    place = number % 100
    if place >= len(_STATES):
        if number % 500 == 99:
            yield Application, _application(number, customer)
        return
    state, fob = _STATES[place], None
    if number % 2:
        fob = _fob(f"KB-{number:06d}", customer["branch"], state)
        yield Fob, fob
    credential = _credential(number, customer, state, fob)
    yield Credential, credential
    follow: Callable[..., tuple[type[Base], Row]] = _mail if fob is None else _job
    yield follow(number, customer, credential)
    for act in ("open_credential", "activate", "verify"):
        yield AuditEntry, _act(act, customer, credential)


def _customer(number: int) -> Row:
    name, kana = full_name(number)
    user_id = str(FIRST_USER_ID + number)
    return {
        "id": new_id(),
        "institution_id": INSTITUTION,
        "branch": BRANCHES[number // 100 % 2],
        "login_id": f"login{user_id}",
        "user_id": user_id,
        "name": name,
        "name_kana": kana,
        "password_hash": "-",
        "password_failures": 0,
        "confirmation_hash": "-",
        "confirmation_failures": 0,
        "created_at": _BEGAN,
    }


def _credential(number: int, customer: Row, state: CredentialState, fob: Row | None) -> Row:
    at = _at(number)
    reached = {} if state is CredentialState.ISSUED else {"set_up_at": at, "activated_at": at}
    return {
        "id": new_id(),
        "institution_id": INSTITUTION,
        "customer_id": customer["id"],
        "slot": Slot.CURRENT,
        "kind": TokenKind.HARD if fob else TokenKind.SOFT,
        "fob_id": fob["id"] if fob else None,
        "state": state,
        "ended_how": EndedHow.RELEASED if state is CredentialState.ENDED else None,
        "otp_type": OtpType.TOTP,
        "algorithm": Algorithm.SHA1,
        "digits": 8,
        "period_s": 60,
        "issued_at": at,
        "suspended_at": at if state is CredentialState.SUSPENDED else None,
        "ended_at": at if state is CredentialState.ENDED else None,
        "activate_by": at + timedelta(days=30),
        "sealed_seed": bytes(48),
        "wrapped_key": bytes(80),
        "kek_id": "bench",
    } | {"set_up_at": None, "activated_at": None, **reached}


def _fob(serial: str, branch: str, carries: CredentialState | None) -> Row:
    return {
        "id": new_id(),
        "institution_id": INSTITUTION,
        "branch": branch,
        "serial": serial,
        "profile": "kagiya-fob",
        "numbering": "kagiya-fob",
        "model": "KF-1",
        "firmware": "1.2.0",
        "state": FobState.IN_STOCK if carries is None else _FOB_STATES[carries],
        "first_seen_at": _BEGAN,
        "changed_at": _BEGAN,
    }


def _job(number: int, _customer: Row, credential: Row) -> tuple[type[Base], Row]:
    is_open, at = credential["state"] is CredentialState.ISSUED and number % 1000 < 100, _at(number)
    return ProgrammingJob, {
        "id": new_id(),
        "institution_id": INSTITUTION,
        "kind": JobKind.PROGRAM,
        "state": JobState.QUEUED if is_open else JobState.PROVED,
        "fob_id": credential["fob_id"],
        "credential_id": credential["id"],
        "requested_by": "bench",
        "queued_at": at,
        "proved_at": None if is_open else at,
        "closed_at": None if is_open else at,
    }


def _mail(number: int, customer: Row, credential: Row) -> tuple[type[Base], Row]:
    lost, at = credential["state"] is CredentialState.ISSUED and number % 1000 < 100, _at(number)
    return OutboxMail, {
        "id": new_id(),
        "institution_id": INSTITUTION,
        "customer_id": customer["id"],
        "credential_id": credential["id"],
        "kind": MailKind.TOKEN_ISSUED,
        "language": "ja",
        "address_hash": number.to_bytes(32),
        "facts": {},
        "state": MailState.FAILED if lost else MailState.SENT,
        "queued_at": at,
        "next_attempt_at": at,
        "sent_at": None if lost else at,
    }


def _application(number: int, customer: Row) -> Row:
    return {
        "id": new_id(),
        "number": f"26{number:08d}",
        "institution_id": INSTITUTION,
        "customer_id": customer["id"],
        "kind": TokenKind.HARD,
        "state": ApplicationState.OPEN,
        "made_at": _at(number),
    }


def _act(act: str, customer: Row, credential: Row) -> Row:
    return {
        "at": credential["issued_at"],
        "institution_id": INSTITUTION,
        "branch": customer["branch"],
        "actor_kind": "customer",
        "actor_id": customer["id"],
        "act": act,
        "result": "accepted",
        "customer_id": customer["id"],
        "credential_id": credential["id"],
        "key_id": "bench",
        "mac": bytes(32),
    }


def _at(number: int) -> datetime:
    """Spread over half a year; no two customers at once."""
    return _BEGAN + timedelta(seconds=150 * number)
