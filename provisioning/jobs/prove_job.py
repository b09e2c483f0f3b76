"""Believe that a fob holds its credential's seed only from a code that came out of it (R29, R31)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from provisioning.errors import NotFound, WrongState
from provisioning.jobs.check_code import Checked, check_code, store_checked
from provisioning.jobs.fulfil_application import fulfil_application
from provisioning.jobs.rounds import until_settled
from provisioning.rules.actor import Actor
from provisioning.rules.states import CredentialState, FobState, JobState, TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import move_fob, move_job
from provisioning.store.tables import Credential, ImportedSeed, ProgrammingJob

Doubt = TypeVar("Doubt")


@dataclass(frozen=True, slots=True)
class ProveJobCommand:
    """A code read back from the fob or typed from its display."""

    job_id: str
    code: str = field(repr=False)
    actor: Actor


def prove_job(
    services: Services, command: ProveJobCommand, now: datetime, doubt: Callable[[Session, Credential], Doubt]
) -> Doubt | None:
    """None if the code fits: job PROVED, credential SET_UP, fob PROGRAMMED, application fulfilled.

    If not, what `doubt` comes to inside the deciding transaction: no verdict is known before its consequence is
    written. Raises WrongState, NotFound, VaultError, ClockUntrusted, StoreUnavailable, and what `doubt` raises.
    """
    services.clock.check(now)
    return until_settled(lambda: _round(services, command, now, doubt))


def _round(
    services: Services, command: ProveJobCommand, now: datetime, doubt: Callable[[Session, Credential], Doubt]
) -> Doubt | None:
    with services.store.read() as session:
        job = session.get(ProgrammingJob, command.job_id)
        if job is None or job.credential_id is None:
            raise NotFound("job")
        credential = session.get_one(Credential, job.credential_id)
        imported = session.get(ImportedSeed, job.fob_id)
    if job.state is not JobState.WRITTEN or job.closed_at is not None:
        raise WrongState("job", job.state.value)
    if credential.state is not CredentialState.ISSUED:
        raise WrongState("credential", credential.state.value)
    checked = check_code(services, credential, imported, command.code, now)
    return _settle(services, command, checked, now, doubt)


@retried
def _settle(
    services: Services,
    command: ProveJobCommand,
    checked: Checked,
    now: datetime,
    doubt: Callable[[Session, Credential], Doubt],
) -> Doubt | None:
    """Every job locks in this order: credential, fob, job."""
    set_up = {"state": CredentialState.SET_UP, "set_up_at": now, "failures": 0}
    with services.store.write() as tx:
        if not store_checked(tx, checked, **set_up):
            return doubt(tx, tx.get_one(Credential, checked.credential.id))
        job = tx.get_one(ProgrammingJob, command.job_id)
        move_fob(tx, job.fob_id, FobState.PROGRAMMED, command.actor, now)
        if job.hand_over_on_proof:
            move_fob(tx, job.fob_id, FobState.HANDED_OVER, command.actor, now)
        move_job(tx, job.id, JobState.PROVED, proved_at=now, closed_at=now)
        customer_id = checked.credential.customer_id
        fulfil_application(tx, customer_id, TokenKind.HARD, now)
        record(tx, services.audit_key, _audit(command, job, customer_id, now))
    return None


def _audit(command: ProveJobCommand, job: ProgrammingJob, customer_id: str, now: datetime) -> AuditRecord:
    return AuditRecord(
        now,
        command.actor,
        "prove_job",
        "proved",
        job.institution_id,
        customer_id=customer_id,
        credential_id=job.credential_id,
        fob_id=job.fob_id,
        job_id=job.id,
        facts={"handed_over": job.hand_over_on_proof},
    )
