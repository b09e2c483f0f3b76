"""The teller types the code from a fob's display, where it cannot be read over the wire (R31)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import update

from devices.contract import FailureCode, Problem
from provisioning.errors import NotFound
from provisioning.jobs.end_attempt import EndAttemptCommand, end_attempt
from provisioning.jobs.prove_job import ProveJobCommand, prove_job
from provisioning.rules.actor import Actor
from provisioning.rules.otp_input import read_otp
from provisioning.rules.states import CredentialState, JobState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential, ProgrammingJob


@dataclass(frozen=True, slots=True)
class ProveTypedCodeCommand:
    """`code` as typed, for a job that is WRITTEN."""

    institution_id: str
    job_id: str
    code: str = field(repr=False)
    actor: Actor


@dataclass(frozen=True, slots=True)
class TypedProof:
    """`tries_left` is 0 once the attempt was given up as doubtful; `next_job_id` is then the fresh attempt."""

    proved: bool
    tries_left: int
    next_job_id: str | None = None


def prove_typed_code(services: Services, command: ProveTypedCodeCommand, now: datetime) -> TypedProof:
    """Prove the job, or count a wrong code; at the institution's limit the attempt ends and a fresh one follows.

    Raises BadInput (not counted), NotFound, WrongState.
    """
    institution = services.institution(command.institution_id)
    with services.store.read() as session:
        job = own_row(session, ProgrammingJob, command.job_id, institution.id)
        if job.credential_id is None:
            raise NotFound("job")
        digits = session.get_one(Credential, job.credential_id).digits
    code = read_otp(command.code, digits, "code")
    if prove_job(services, ProveJobCommand(job.id, code, command.actor), now):
        return TypedProof(proved=True, tries_left=0)
    failures = _count(services, command, job.credential_id, now)
    if failures < institution.failure_limit:
        return TypedProof(proved=False, tries_left=institution.failure_limit - failures)
    doubt = EndAttemptCommand(job.id, JobState.FAILED, Problem(FailureCode.NOT_PROVED), command.actor)
    return TypedProof(proved=False, tries_left=0, next_job_id=end_attempt(services, doubt, now).next_job_id)


@retried
def _count(services: Services, command: ProveTypedCodeCommand, credential_id: str, now: datetime) -> int:
    """Wrong codes so far, this one included."""
    issued = (Credential.id == credential_id, Credential.state == CredentialState.ISSUED)
    counted = update(Credential).where(*issued).values(failures=Credential.failures + 1)
    with services.store.write() as tx:
        changed_rows(tx, counted)
        credential = tx.get_one(Credential, credential_id)
        entry = AuditRecord(
            now,
            command.actor,
            "prove_typed_code",
            "wrong",
            command.institution_id,
            customer_id=credential.customer_id,
            credential_id=credential.id,
            fob_id=credential.fob_id,
            job_id=command.job_id,
            facts={"failures": credential.failures},
        )
        record(tx, services.audit_key, entry)
    return credential.failures
