"""An attempt to write or erase a fob ends without success: the seed dies, a fresh attempt follows where it helps.

Any doubt ends the credential (design §5). All of it is one transaction, so that no moment exists
in which the attempt is over and nobody knows what comes next.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from devices.contract import FailureCode, Problem
from provisioning.errors import AlreadyTaken, IssueRestricted, NotFound, TooEarly, WrongState
from provisioning.jobs.end_credential import FREED, end_credential
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.queue_job import JobOrder, queue_job
from provisioning.jobs.unnamed_fob import is_unnamed
from provisioning.rules.actor import Actor
from provisioning.rules.states import CredentialState, EndedHow, FobState, JobKind, JobState, TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import move_fob, move_job
from provisioning.store.tables import Credential, Customer, Fob, ImportedSeed, ProgrammingJob

Result = TypeVar("Result")

MAX_ATTEMPTS: Final = 3
HOPELESS: Final = frozenset(
    {
        FailureCode.NOT_GENUINE,
        FailureCode.UNSUPPORTED_FIRMWARE,
        FailureCode.UNKNOWN_DEVICE,
        FailureCode.LOW_BATTERY,
        FailureCode.OVER_LIMITS,
        FailureCode.WRONG_ACCESS_CODE,
        FailureCode.LAST_TRY,
        FailureCode.DEVICE_LOCKED,
    }
)
"""Failures that the same fob will repeat: the teller acts at once."""
WRITING: Final = frozenset({JobState.WRITING})


@dataclass(frozen=True, slots=True)
class EndAttemptCommand:
    """`to` is FAILED (the station said so, or a doubt) or ABANDONED (nobody can say).

    `only_from`: a job that has come further meanwhile is left alone. `receipt` is the doubted WriteReceipt without
    its code, kept as evidence.
    """

    job_id: str
    to: JobState
    problem: Problem
    actor: Actor
    try_again: bool = True
    only_from: frozenset[JobState] = frozenset(JobState)
    receipt: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """The fresh attempt, or None where the teller must act."""

    next_job_id: str | None


def end_attempt(services: Services, command: EndAttemptCommand, now: datetime) -> EndedAttempt:
    """Close the job, end its credential, queue the next attempt.

    Raises WrongState if the job was closed, or is in another state than it may be ended from.
    """
    return with_or_without_another(command, lambda asked: _end(services, asked, now))


def with_or_without_another(command: EndAttemptCommand, end: Callable[[EndAttemptCommand], Result]) -> Result:
    """What `end` comes to, in a transaction of its own: as asked, or else without another attempt."""
    try:
        return end(command)
    except (TooEarly, AlreadyTaken, IssueRestricted):
        # the customer may not have a fresh credential (any more): the attempt must end all the same
        return end(dataclasses.replace(command, try_again=False))


def lost(job_id: str, problem: Problem, actor: Actor) -> EndAttemptCommand:
    """Nobody can say how this write ended: its job is to be abandoned, unless its result comes first."""
    return EndAttemptCommand(job_id, JobState.ABANDONED, problem, actor, only_from=WRITING)


def give_up(services: Services, job_id: str, problem: Problem, actor: Actor, now: datetime) -> bool:
    """As `lost` says. False where the result came first, or somebody else has closed it."""
    try:
        end_attempt(services, lost(job_id, problem, actor), now)
    except WrongState:
        return False
    return True


@retried
def _end(services: Services, command: EndAttemptCommand, now: datetime) -> EndedAttempt:
    with services.store.write() as tx:
        return end_attempt_in(tx, services, command, now)


def end_attempt_in(tx: Session, services: Services, command: EndAttemptCommand, now: datetime) -> EndedAttempt:
    """As `end_attempt`, in a transaction that does more than this (`with_or_without_another`)."""
    job = tx.get(ProgrammingJob, command.job_id)
    if job is None:
        raise NotFound("job")
    credential = _end_credential(tx, services, job, command.actor, now)
    again = command.try_again and job.attempt < MAX_ATTEMPTS and command.problem.code not in HOPELESS
    again = again and (credential is not None or job.kind is JobKind.ERASE)
    imported = tx.get(ImportedSeed, job.fob_id) is not None
    again = again and not imported
    if imported and command.problem.code is FailureCode.NOT_PROVED:
        # its codes are not those of its seed, and it cannot get another
        move_fob(tx, job.fob_id, FobState.BROKEN, command.actor, now)
    elif job.kind is JobKind.PROGRAM and not again:
        _put_away(tx, job.fob_id, command.actor, now)
    evidence = {} if command.receipt is None else {"receipt": command.receipt}
    failure = dataclasses.asdict(command.problem)
    move_job(tx, job.id, command.to, only_from=command.only_from, failure=failure, closed_at=now, **evidence)
    next_job_id = None
    if again:
        fresh = None if credential is None else _fresh_credential(tx, services, credential, command.actor, now)
        next_job_id = _queue_again(tx, services, job, fresh, now)
    record(tx, services.audit_key, _audit(command, job, next_job_id, now))
    return EndedAttempt(next_job_id)


def _put_away(tx: Session, fob_id: str, actor: Actor, now: datetime) -> None:
    """A fob whose writing is given up: back to stock if no station ever touched it, else to be erased first."""
    state = tx.scalars(select(Fob.state).where(Fob.id == fob_id)).one()
    to = FREED.get(state)
    if to is not None:
        move_fob(tx, fob_id, to, actor, now, only_from={state})


def _end_credential(
    tx: Session, services: Services, job: ProgrammingJob, actor: Actor, now: datetime
) -> Credential | None:
    """The job's credential, ended just now; None if there is none or somebody ended it before."""
    credential = tx.get(Credential, job.credential_id) if job.credential_id else None
    if credential is None or credential.state is CredentialState.ENDED:
        return None
    end_credential(tx, services, credential, EndedHow.CANCELLED, actor, now, of_attempt=True)
    return credential


def _fresh_credential(
    tx: Session, services: Services, ended: Credential, actor: Actor, now: datetime
) -> Credential:
    """For the same customer and fob; its seed is drawn when a station claims the next attempt."""
    customer = tx.get_one(Customer, ended.customer_id)
    return open_credential(
        tx, services, customer, TokenKind.HARD, now, actor, fob_id=ended.fob_id, parameters=ended.parameters
    )


def _queue_again(
    tx: Session, services: Services, job: ProgrammingJob, credential: Credential | None, now: datetime
) -> str:
    """For whichever station sees the fob, unless nobody could say that it is this one."""
    stays = is_unnamed(services, tx.get_one(Fob, job.fob_id).profile)
    order = JobOrder(
        job.institution_id,
        job.kind,
        job.fob_id,
        requested_by=job.requested_by,
        credential_id=None if credential is None else credential.id,
        station_id=job.station_id if stays else None,
        attempt=job.attempt + 1,
        hand_over_on_proof=job.hand_over_on_proof,
    )
    return queue_job(tx, order, now)


def _audit(command: EndAttemptCommand, job: ProgrammingJob, next_job_id: str | None, now: datetime) -> AuditRecord:
    return AuditRecord(
        now,
        command.actor,
        "end_attempt",
        command.to.value,
        job.institution_id,
        credential_id=job.credential_id,
        fob_id=job.fob_id,
        job_id=job.id,
        facts={"code": command.problem.code.value, "attempt": job.attempt, "next_job_id": next_job_id},
    )
