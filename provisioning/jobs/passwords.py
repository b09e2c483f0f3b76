"""The portal's own passwords: login and confirmation (確認用パスワード), each with a counter and lock of its own.

Neither ever touches the one-time password's counter (R13). A lock stays until staff mend it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from provisioning.errors import BadInput, InputFault, NotFound
from provisioning.rules.actor import Actor
from provisioning.rules.identifiers import lookup_name
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.mail_codes import forget_tries
from provisioning.store.tables import Customer

# OWASP Password Storage, argon2id: 19 MiB, two passes; small enough for many logins at once
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@dataclass(frozen=True, slots=True)
class CheckLoginCommand:
    """Login ID and login password as typed."""

    institution_id: str
    login_id: str
    password: str = field(repr=False)
    actor: Actor


@dataclass(frozen=True, slots=True)
class CheckConfirmationCommand:
    """The confirmation password as typed by a customer who is logged in, or named by the bank."""

    institution_id: str
    customer_id: str
    password: str = field(repr=False)
    actor: Actor


@dataclass(frozen=True, slots=True)
class PasswordResult:
    """`locked` tells that the counter stands at its limit; `tries_left` counts down to that."""

    outcome: Outcome
    customer_id: str | None = None
    locked: bool = False
    tries_left: int | None = None

    @property
    def confirmation_fault(self) -> Reason | None:
        """Why a confirmation password was refused; None where it was right."""
        if self.outcome is Outcome.ACCEPTED:
            return None
        return Reason.CONFIRMATION_LOCKED if self.locked else Reason.CONFIRMATION_WRONG


@dataclass(frozen=True, slots=True)
class UnlockPasswordsCommand:
    """Staff set the customer's password counters back."""

    institution_id: str
    customer_id: str
    actor: Actor


def hash_password(password: str) -> str:
    """An argon2id hash in its own text form, for storage."""
    return _HASHER.hash(password)


def check_login(services: Services, command: CheckLoginCommand, now: datetime) -> PasswordResult:
    """Check the login password. An unknown login ID takes as long as a wrong password. Raises BadInput."""
    lookup_name(command.login_id, "login_id")
    if not command.password:
        raise BadInput("password", InputFault.MISSING)
    found = _find(services, _LOGIN, command.institution_id, Customer.login_id == command.login_id)
    return _decide(services, _Typed(_LOGIN, command.institution_id, command.password, command.actor), found, now)


def check_confirmation(services: Services, command: CheckConfirmationCommand, now: datetime) -> PasswordResult:
    """Check the confirmation password. Raises BadInput if it is empty, NotFound."""
    if not command.password:
        raise BadInput("confirmation_password", InputFault.MISSING)
    found = _find(services, _CONFIRMATION, command.institution_id, Customer.id == command.customer_id)
    if found is None:
        raise NotFound("customer")
    typed = _Typed(_CONFIRMATION, command.institution_id, command.password, command.actor)
    return _decide(services, typed, found, now)


@retried
def unlock_passwords(services: Services, command: UnlockPasswordsCommand, now: datetime) -> None:
    """Every counter back to zero, that of the mail password too. Raises NotFound."""
    of_customer = update(Customer).where(
        Customer.id == command.customer_id, Customer.institution_id == command.institution_id
    )
    with services.store.write() as tx:
        if not changed_rows(tx, of_customer.values(password_failures=0, confirmation_failures=0)):
            raise NotFound("customer")
        customer = command.customer_id
        forget_tries(tx, customer)
        entry = AuditRecord(now, command.actor, "unlock_passwords", "unlocked", command.institution_id, customer)
        record(tx, services.audit_key, entry)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the two passwords: the act's name in the audit, and its columns."""

    act: str
    hash: InstrumentedAttribute[str]
    failures: InstrumentedAttribute[int]


_LOGIN: Final = _Kind("check_login", Customer.password_hash, Customer.password_failures)
_CONFIRMATION: Final = _Kind("check_confirmation", Customer.confirmation_hash, Customer.confirmation_failures)


@dataclass(frozen=True, slots=True)
class _Typed:
    kind: _Kind
    institution_id: str
    password: str = field(repr=False)
    actor: Actor


_NOBODY: Final = ""


@dataclass(frozen=True, slots=True)
class _Found:
    customer_id: str
    hash: str = field(repr=False)


def _find(services: Services, kind: _Kind, institution_id: str, name: ColumnElement[bool]) -> _Found | None:
    query = select(Customer.id, kind.hash).where(Customer.institution_id == institution_id, name)
    with services.store.read() as tx:
        row = tx.execute(query).first()
    return None if row is None else _Found(*row)


@retried
def _decide(services: Services, typed: _Typed, found: _Found | None, now: datetime) -> PasswordResult:
    """Compare, then decide by one conditional write: parallel guesses get no more tries than the limit.

    Where there is nobody, the same is done to nobody: what it takes tells nothing (R09).
    """
    judged = found or _Found(_NOBODY, _decoy())
    right = matches_password(judged.hash, typed.password)
    with services.store.write() as tx:
        counted = _count(services, tx, typed, judged, right)
        result = PasswordResult(Outcome.REFUSED) if found is None else counted
        entry = AuditRecord(
            now,
            typed.actor,
            typed.kind.act,
            result.outcome.value,
            typed.institution_id,
            result.customer_id,
            facts={"locked": result.locked},
        )
        record(tx, services.audit_key, entry)
    return result


def _count(services: Services, tx: Session, typed: _Typed, found: _Found, right: bool) -> PasswordResult:
    failures, limit = typed.kind.failures, services.institution(typed.institution_id).failure_limit
    below = update(Customer).where(Customer.id == found.customer_id, failures < limit)
    counted = tx.scalar(below.values({failures: 0 if right else failures + 1}).returning(failures))
    if counted is None:
        return PasswordResult(Outcome.REFUSED, found.customer_id, locked=True, tries_left=0)
    outcome = Outcome.ACCEPTED if right else Outcome.REFUSED
    return PasswordResult(outcome, found.customer_id, counted >= limit, limit - counted)


def matches_password(stored: str, password: str) -> bool:
    """Whether `hash_password` was given this."""
    try:
        return _HASHER.verify(stored, password)
    except VerifyMismatchError:
        return False


@cache
def _decoy() -> str:
    return hash_password("")
