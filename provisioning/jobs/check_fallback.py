"""Number, password and one-time password of a member of staff, where no passkey is at hand.

Wrong passwords have a counter of their own and touch no token; the one-time password is judged as everybody's,
with the same counting, single use and suspension. Why it failed is for the audit log, not for who typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sqlalchemy import select, update

from provisioning.errors import BadInput
from provisioning.jobs.acting_staff import acting
from provisioning.jobs.passwords import hash_password, matches_password
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.staff_proof import normal_password
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import Customer, Staff, StaffFallback


@dataclass(frozen=True, slots=True)
class CheckFallbackCommand:
    """As typed. `staff_id` is who is signed in and steps up, and then no number is typed."""

    number: str
    password: str = field(repr=False)
    otp: str = field(repr=False)
    origin: str
    staff_id: str | None = None


def check_fallback(services: Services, command: CheckFallbackCommand, now: datetime) -> str | None:
    """The id of who it is, or None. With an unknown number the same is done to nobody, and takes as long.

    Raises StoreUnavailable, VaultError, ClockUntrusted.
    """
    found = _find(services, command) or _nobody(command)
    right = matches_password(found.hash, normal_password(command.password))
    if not _count(services, command, found, right, now):
        return None
    try:
        code = VerifyCommand(found.actor.institution_id or "", found.user_id, command.otp, found.actor)
        judged = verify(services, code, now)
    except BadInput:
        return None
    return found.actor.id if judged.outcome is Outcome.ACCEPTED else None


@dataclass(frozen=True, slots=True)
class _Found:
    actor: Actor
    user_id: str
    hash: str = field(repr=False)


def _nobody(command: CheckFallbackCommand) -> _Found:
    return _Found(Actor(ActorKind.STAFF, "", None, None, command.origin, role=""), "", _decoy())


def _find(services: Services, command: CheckFallbackCommand) -> _Found | None:
    name = StaffFallback.number == command.number.strip()
    if command.staff_id is not None:
        name = StaffFallback.staff_id == command.staff_id
    query = (
        select(Staff, Customer.user_id, StaffFallback.password_hash)
        .join(StaffFallback, StaffFallback.staff_id == Staff.id)
        .join(Customer, Customer.id == StaffFallback.holder_id)
        .where(name, Staff.enabled, StaffFallback.password_hash.is_not(None))
    )
    with services.store.read() as tx:
        row = tx.execute(query).first()
    if row is None or row.password_hash is None:
        return None
    staff, user_id, hashed = row.Staff, row.user_id, row.password_hash
    actor = acting(staff, command.origin)
    return _Found(actor, user_id, hashed)


@retried
def _count(services: Services, command: CheckFallbackCommand, found: _Found, right: bool, now: datetime) -> bool:
    """By one conditional write: guesses at once get no more tries than the limit."""
    failures = StaffFallback.password_failures
    limit = _limit(services, found)
    below = update(StaffFallback).where(StaffFallback.staff_id == found.actor.id, failures < limit)
    with services.store.write() as tx:
        counted = tx.scalar(below.values({failures: 0 if right else failures + 1}).returning(failures))
        locked = bool(found.actor.id) and (counted is None or counted >= limit)
        good = right and counted is not None
        facts = {"locked": locked, "step_up": command.staff_id is not None}
        told = "accepted" if good else "refused"
        record(tx, services.audit_key, AuditRecord(now, found.actor, "check_staff_password", told, facts=facts))
    return good


def _limit(services: Services, found: _Found) -> int:
    """Of wrong passwords; nobody has the first institution's."""
    institution_id = found.actor.institution_id or next(iter(services.institutions))
    return services.institution(institution_id).failure_limit


@cache
def _decoy() -> str:
    return hash_password("")
