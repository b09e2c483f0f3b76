"""Believe that a fob holds its credential's seed only from a code that came out of it (R29, R31)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from provisioning.errors import NotFound, WrongState
from provisioning.jobs.check_code import check_code
from provisioning.jobs.fulfil_application import fulfil_application
from provisioning.jobs.imported_seeds import prove_imported
from provisioning.rules.states import CredentialState, FobState, JobState, TokenKind
from provisioning.services import Services
from provisioning.store.audit import Actor, AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows, move_fob, move_job
from provisioning.store.tables import Credential, ImportedSeed, ProgrammingJob


@dataclass(frozen=True, slots=True)
class ProveJobCommand:
    """A code read back from the fob or typed from its display."""

    job_id: str
    code: str = field(repr=False)
    actor: Actor


@retried
def prove_job(services: Services, command: ProveJobCommand, now: datetime) -> bool:
    """Whether the code fits. If so: job PROVED, credential SET_UP, fob PROGRAMMED, application fulfilled.

    If not, nothing changes; the caller draws the consequence. Raises WrongState, NotFound, VaultError,
    ClockUntrusted.
    """
    services.clock.check(now)
    with services.store.write() as tx:
        job = tx.get(ProgrammingJob, command.job_id)
        if job is None or job.credential_id is None:
            raise NotFound("job")
        credential = tx.get_one(Credential, job.credential_id)
        if job.state is not JobState.WRITTEN or job.closed_at is not None:
            raise WrongState("job", job.state.value)
        if credential.state is not CredentialState.ISSUED:
            raise WrongState("credential", credential.state.value)
        if not _fits(tx, services, credential, job.fob_id, command.code, now):
            return False
        _set_up(tx, credential, now)
        move_fob(tx, job.fob_id, FobState.PROGRAMMED, command.actor, now)
        if job.hand_over_on_proof:
            move_fob(tx, job.fob_id, FobState.HANDED_OVER, command.actor, now)
        move_job(tx, job.id, JobState.PROVED, proved_at=now, closed_at=now)
        fulfil_application(tx, credential.customer_id, TokenKind.HARD, now)
        record(tx, services.audit_key, _audit(command, job, credential.customer_id, now))
    return True


def _fits(  # noqa: PLR0917 - part of one transaction
    tx: Session, services: Services, credential: Credential, fob_id: str, code: str, now: datetime
) -> bool:
    imported = tx.get(ImportedSeed, fob_id)
    if imported is None:
        return check_code(tx, services, credential, code, now)
    return prove_imported(tx, services, imported, credential, code, now)


def _set_up(tx: Session, credential: Credential, now: datetime) -> None:
    issued = (Credential.id == credential.id, Credential.state == CredentialState.ISSUED)
    values = {"state": CredentialState.SET_UP, "set_up_at": now, "failures": 0}
    if not changed_rows(tx, update(Credential).where(*issued).values(**values)):
        raise WrongState("credential", CredentialState.ENDED.value)


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
