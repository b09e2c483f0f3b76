"""The teller types the code from a fob's display, where it cannot be read over the wire (R31)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from devices.contract import FailureCode, Problem
from provisioning.errors import NotFound
from provisioning.jobs.end_attempt import EndAttemptCommand, end_attempt_in, with_or_without_another
from provisioning.jobs.prove_job import ProveJobCommand, prove_job
from provisioning.rules.actor import Actor
from provisioning.rules.otp_input import read_otp
from provisioning.rules.states import JobState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
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

    The wrong code is counted, and the attempt ended, in the transaction that decides it.
    Raises BadInput (not counted), NotFound, WrongState.
    """
    institution = services.institution(command.institution_id)
    with services.store.read() as session:
        job = own_row(session, ProgrammingJob, command.job_id, institution.id)
        if job.credential_id is None:
            raise NotFound("job")
        digits = session.get_one(Credential, job.credential_id).digits
    proof = ProveJobCommand(job.id, read_otp(command.code, digits, "code"), command.actor)

    def prove(ending: EndAttemptCommand) -> TypedProof | None:
        def count(tx: Session, credential: Credential) -> TypedProof:
            _count(tx, services, command, credential, now)
            left = institution.failure_limit - credential.failures
            if left > 0:
                return TypedProof(proved=False, tries_left=left)
            ended = end_attempt_in(tx, services, ending, now)
            return TypedProof(proved=False, tries_left=0, next_job_id=ended.next_job_id)

        return prove_job(services, proof, now, count)

    doubt = EndAttemptCommand(job.id, JobState.FAILED, Problem(FailureCode.NOT_PROVED), command.actor)
    return with_or_without_another(doubt, prove) or TypedProof(proved=True, tries_left=0)


def _count(
    tx: Session, services: Services, command: ProveTypedCodeCommand, credential: Credential, now: datetime
) -> None:
    """One more wrong code of `credential`, which the transaction holds."""
    credential.failures += 1
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
    tx.flush()
    record(tx, services.audit_key, entry)
