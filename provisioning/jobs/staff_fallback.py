"""The fallback of staff without a passkey at hand: what they type instead is made ready, and unlocked."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import AlreadyTaken, NotFound, WrongState
from provisioning.jobs.passwords import hash_password
from provisioning.rules.actor import Actor
from provisioning.rules.identifiers import read_user_id
from provisioning.rules.staff_proof import read_staff_password
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Customer, Staff, StaffFallback

_NUMBER_DIGITS: Final = 8
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class PrepareFallbackCommand:
    """An administrator gives somebody else a user ID of the institution's service, for a token of their own."""

    staff_id: str
    user_id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class SetStaffPasswordCommand:
    """Somebody chooses their own."""

    password: str = field(repr=False)
    actor: Actor


@dataclass(frozen=True, slots=True)
class UnlockFallbackCommand:
    """An administrator sets somebody else's count of wrong passwords back."""

    staff_id: str
    actor: Actor


@retried
def prepare_fallback(services: Services, command: PrepareFallbackCommand, now: datetime) -> str:
    """The number they will sign in with. The token is then issued to that user ID like anybody's, by a colleague.

    Raises BadInput, NotFound, WrongState for oneself or where it is prepared, AlreadyTaken for a user ID in use.
    """
    institution = services.institution(command.actor.institution_id or "")
    read_user_id(command.user_id, institution)
    try:
        with services.store.write() as tx:
            # of two administrators the second waits here, and finds it prepared
            staff = _other(tx, command.staff_id, command.actor, held=True)
            if tx.get(StaffFallback, staff.id) is not None:
                raise WrongState("fallback", "prepared")
            number = _free_number(tx)
            holder = _holder(staff, command.user_id, number, now)
            tx.add(holder)
            tx.flush()
            tx.add(StaffFallback(staff_id=staff.id, number=number, holder_id=holder.id))
            facts = {"staff_id": staff.id}
            entry = AuditRecord(
                now, command.actor, "prepare_fallback", "prepared", staff.institution_id, holder.id, facts=facts
            )
            record(tx, services.audit_key, entry)
    except IntegrityError:
        raise AlreadyTaken("user_id") from None
    return number


@retried
def set_staff_password(services: Services, command: SetStaffPasswordCommand, now: datetime) -> None:
    """The new one counts from now on. Raises BadInput, NotFound where no fallback is prepared."""
    hashed = hash_password(read_staff_password(command.password, "password"))
    own = update(StaffFallback).where(StaffFallback.staff_id == command.actor.id)
    with services.store.write() as tx:
        if not changed_rows(tx, own.values(password_hash=hashed, password_failures=0)):
            raise NotFound("fallback")
        record(tx, services.audit_key, AuditRecord(now, command.actor, "set_staff_password", "changed"))


@retried
def unlock_fallback(services: Services, command: UnlockFallbackCommand, now: datetime) -> None:
    """Wrong passwords count from nothing again. Raises NotFound, WrongState for oneself."""
    with services.store.write() as tx:
        staff = _other(tx, command.staff_id, command.actor)
        theirs = update(StaffFallback).where(StaffFallback.staff_id == staff.id)
        if not changed_rows(tx, theirs.values(password_failures=0)):
            raise NotFound("fallback")
        facts = {"staff_id": staff.id}
        entry = AuditRecord(now, command.actor, "unlock_fallback", "unlocked", staff.institution_id, facts=facts)
        record(tx, services.audit_key, entry)


def _other(tx: Session, staff_id: str, actor: Actor, *, held: bool = False) -> Staff:
    staff = own_row(tx, Staff, staff_id, actor.institution_id, held=held)
    if staff.id == actor.id:
        raise WrongState("staff", "oneself")
    return staff


def _holder(staff: Staff, user_id: str, number: str, now: datetime) -> Customer:
    """Holds the token. Its own passwords are nobody's: they were drawn here and are not kept."""
    unknown = hash_password(secrets.token_urlsafe(_SECRET_BYTES))
    return Customer(
        institution_id=staff.institution_id,
        branch=staff.branch,
        login_id=f"staff {number}",
        user_id=user_id,
        name=staff.name,
        password_hash=unknown,
        confirmation_hash=unknown,
        created_at=now,
    )


def _free_number(tx: Session) -> str:
    while True:
        number = f"{secrets.randbelow(10**_NUMBER_DIGITS):0{_NUMBER_DIGITS}d}"
        if tx.scalar(select(StaffFallback.staff_id).where(StaffFallback.number == number)) is None:
            return number
