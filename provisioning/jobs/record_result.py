"""What became of a job: record what the station tells, then prove it; each is committed before the next."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from devices.contract import FailureCode, JobResult, Problem, WriteReceipt
from provisioning.errors import BadInput, InputFault, NotFound, WrongState
from provisioning.jobs.ask_verifier import can_ask
from provisioning.jobs.check_station import hold_station
from provisioning.jobs.end_attempt import (
    WRITING,
    EndAttemptCommand,
    end_attempt,
    end_attempt_in,
    with_or_without_another,
)
from provisioning.jobs.locked_kinds import locks_with_code
from provisioning.jobs.prove_job import ProveJobCommand, prove_job
from provisioning.rules.actor import Actor
from provisioning.rules.states import FobState, JobKind, JobState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import move_fob, move_job
from provisioning.store.tables import Fob, ProgrammingJob


@dataclass(frozen=True, slots=True)
class RecordResultCommand:
    """The result of one of the station's jobs: exactly one of receipt and problem."""

    station_id: str
    job_id: str
    result: JobResult
    actor: Actor


def record_result(services: Services, command: RecordResultCommand, now: datetime) -> JobState:
    """The job's state afterwards. The same result again changes nothing, save that a missing proof is made up for.

    Raises NotFound for another's job, WrongState where another result or none was expected, BadInput, NotAuthentic
    for a station that was revoked since it was let in.
    """
    if (command.result.receipt is None) == (command.result.problem is None):
        raise BadInput("receipt", InputFault.BAD_FORM)
    try:
        return _record(services, command, now)
    except WrongState:
        # The same result may have come twice at once. The other one may have died between record and proof,
        # so this one does not only look: it does what is left.
        job, _ = _job(services, command)
        if not _same(job, command.result):
            raise
    try:
        return _record(services, command, now)
    except WrongState:
        return _job(services, command)[0].state


def _record(services: Services, command: RecordResultCommand, now: datetime) -> JobState:
    job, fob = _job(services, command)
    if job.state is JobState.WRITING:
        problem = command.result.problem or _doubt(fob, command.result.receipt)
        if problem is not None:
            return _fail(services, command, problem, now)
        _written(services, command, now)
    elif not _same(job, command.result):
        raise WrongState("job", job.state.value)
    elif job.state is not JobState.WRITTEN:
        return job.state
    return _prove(services, command, job, now)


def _job(services: Services, command: RecordResultCommand) -> tuple[ProgrammingJob, Fob]:
    with services.store.read() as session:
        job = session.get(ProgrammingJob, command.job_id)
        if job is None or job.station_id != command.station_id:
            raise NotFound("job")
        return job, session.get_one(Fob, job.fob_id)


def _doubt(fob: Fob, receipt: WriteReceipt | None) -> Problem | None:
    """A write is proven, not assumed: the right device, and its own counter moved on where it has one."""
    if receipt is None:
        return None
    if receipt.serial != fob.serial:
        return Problem(FailureCode.WRONG_SERIAL, {"expected": fob.serial, "found": receipt.serial})
    counts = receipt.generation_after or receipt.generation_before
    if counts and receipt.generation_after <= receipt.generation_before:
        return Problem(FailureCode.NOT_PROVED, {"generation": str(receipt.generation_after)})
    return None


def _same(job: ProgrammingJob, result: JobResult) -> bool:
    """Whether this result was recorded before. The code read back is not kept, so it is not compared."""
    if result.receipt is not None:
        return job.receipt == _kept(result.receipt)
    return result.problem is not None and job.failure == dataclasses.asdict(result.problem)


def _kept(receipt: WriteReceipt) -> dict[str, Any]:
    """All but the code; `code_read` tells that there was one, so that nobody is asked to type it meanwhile."""
    told = dataclasses.asdict(receipt)
    return told | {"code_read": bool(told.pop("code"))}


@retried
def _written(services: Services, command: RecordResultCommand, now: datetime) -> None:
    """WRITING → WRITTEN with the receipt; an erased fob is stock again."""
    receipt = command.result.receipt
    assert receipt is not None
    with services.store.write() as tx:
        hold_station(tx, command.station_id)
        job = tx.get_one(ProgrammingJob, command.job_id)
        erased = job.kind is JobKind.ERASE
        _note_fob(tx, services, job, receipt)
        if erased:
            move_fob(tx, job.fob_id, FobState.IN_STOCK, command.actor, now, only_from={FobState.RETURNED})
        values: dict[str, Any] = {
            "receipt": _kept(receipt),
            "recorded_at": now,
            "closed_at": now if erased else None,
        }
        move_job(tx, job.id, JobState.WRITTEN, **values)
        record(tx, services.audit_key, _audit(command, job, receipt, now))


def _note_fob(tx: Session, services: Services, job: ProgrammingJob, receipt: WriteReceipt) -> None:
    told: dict[str, Any] = {"firmware": receipt.firmware, "generation": receipt.generation_after}
    told |= {"battery_percent": receipt.battery_percent, "clock_offset_s": receipt.clock_offset_s}
    locks = locks_with_code(services, tx.get_one(Fob, job.fob_id).profile)
    if receipt.locked is not None:
        told["access_code_set"] = receipt.locked
    elif locks and job.kind is JobKind.PROGRAM:
        told["access_code_set"] = True
    tx.execute(update(Fob).where(Fob.id == job.fob_id).values(**told))


def _prove(services: Services, command: RecordResultCommand, job: ProgrammingJob, now: datetime) -> JobState:
    """Check the code that was read back. Without one, or without any verifier, the teller types it."""
    receipt = command.result.receipt
    if job.kind is JobKind.ERASE or receipt is None or not receipt.code or not can_ask(services):
        return JobState.WRITTEN
    proof = ProveJobCommand(job.id, receipt.code, command.actor)
    ended = with_or_without_another(
        _ending(command, Problem(FailureCode.NOT_PROVED)),
        lambda doubt: prove_job(services, proof, now, lambda tx, _: end_attempt_in(tx, services, doubt, now)),
    )
    return JobState.PROVED if ended is None else JobState.FAILED


def _fail(services: Services, command: RecordResultCommand, problem: Problem, now: datetime) -> JobState:
    end_attempt(services, dataclasses.replace(_ending(command, problem), only_from=WRITING), now)
    return JobState.FAILED


def _ending(command: RecordResultCommand, problem: Problem) -> EndAttemptCommand:
    receipt = command.result.receipt
    kept = None if receipt is None else _kept(receipt)
    return EndAttemptCommand(command.job_id, JobState.FAILED, problem, command.actor, receipt=kept)


def _audit(command: RecordResultCommand, job: ProgrammingJob, receipt: WriteReceipt, now: datetime) -> AuditRecord:
    facts = {"kind": job.kind.value, "generation": receipt.generation_after, "reports": receipt.reports}
    return AuditRecord(
        now,
        command.actor,
        "record_result",
        "written",
        job.institution_id,
        credential_id=job.credential_id,
        fob_id=job.fob_id,
        job_id=job.id,
        facts=facts,
    )
