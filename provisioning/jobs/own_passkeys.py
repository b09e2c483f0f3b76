"""Another passkey for oneself, and one less: one's own, or somebody's who lost theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound, PasskeyRefused, WrongState
from provisioning.jobs.passkey_registration import RegistrationClaim, verify_registration
from provisioning.rules.actor import Actor
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential, Passkey, SessionKind, Staff, StaffFallback, WebSession


@dataclass(frozen=True, slots=True)
class AddPasskeyCommand:
    """What the browser answered to `enrolment_options`, and what the passkey is called."""

    staff_id: str
    challenge: bytes = field(repr=False)
    response: str = field(repr=False)
    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class RemovePasskeyCommand:
    """Which of `staff_id`'s; the actor is they or an administrator of their institution.

    `stays`: the session that goes on, their own, by the name that their list gives it.
    """

    staff_id: str
    passkey_id: str
    actor: Actor
    stays: str = ""


@retried
def add_passkey(services: Services, command: AddPasskeyCommand, now: datetime) -> None:
    """Keep it beside the others. Raises BadInput, PasskeyRefused."""
    claim = RegistrationClaim(command.staff_id, command.challenge, command.response, command.name, command.origin)
    with services.store.write() as tx:
        made = verify_registration(tx, services, claim, now)
    if made.fault is not None:
        raise PasskeyRefused(made.fault)


@retried
def remove_passkey(services: Services, command: RemovePasskeyCommand, now: datetime) -> None:
    """It opens nothing any more, and whoever had it is signed out: every session of theirs ends but `stays`.

    Raises NotFound; WrongState for one's last way in.
    """
    with services.store.write() as tx:
        staff = own_row(tx, Staff, command.staff_id, command.actor.institution_id, held=True)
        key = tx.get(Passkey, command.passkey_id)
        if key is None or key.staff_id != staff.id:
            raise NotFound("passkey")
        if command.actor.id == staff.id and not _has_another_way(tx, key):
            raise WrongState("passkey", "last")
        tx.execute(delete(Passkey).where(Passkey.id == key.id))
        theirs = (WebSession.kind == SessionKind.STAFF, WebSession.subject_id == staff.id)
        tx.execute(delete(WebSession).where(*theirs, WebSession.id_hash != bytes.fromhex(command.stays)))
        facts = {"staff_id": staff.id, "passkey_id": key.id}
        entry = AuditRecord(now, command.actor, "remove_passkey", "removed", staff.institution_id, facts=facts)
        record(tx, services.audit_key, entry)


def _has_another_way(tx: Session, key: Passkey) -> bool:
    other = select(Passkey.id).where(Passkey.staff_id == key.staff_id, Passkey.id != key.id)
    other = other.where(Passkey.confirmation_code.is_(None))
    fallback = (
        select(StaffFallback.staff_id)
        .join(Credential, Credential.customer_id == StaffFallback.holder_id)
        .where(StaffFallback.staff_id == key.staff_id, StaffFallback.password_hash.is_not(None))
        .where(Credential.state == CredentialState.ACTIVE)
    )
    return tx.scalar(other.limit(1)) is not None or tx.scalar(fallback.limit(1)) is not None
