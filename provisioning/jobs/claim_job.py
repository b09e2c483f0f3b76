"""One queued job becomes one station's: intent is committed before anything is written (R27)."""

from __future__ import annotations

import dataclasses
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from devices.contract import JobKind as WireJobKind
from devices.contract import ProgramJob
from provisioning.errors import NotFound, WrongState
from provisioning.jobs.ask_verifier import ask_access_code
from provisioning.jobs.locked_kinds import locks_with_code
from provisioning.jobs.rounds import Overtaken, until_settled
from provisioning.jobs.tries_left import tries_left
from provisioning.rules.actor import Actor
from provisioning.rules.parameters import OtpType
from provisioning.rules.states import CredentialState, FobState, JobKind, JobState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows, move_fob, move_job
from provisioning.store.station_seal import SealedFor, StationSeal
from provisioning.store.tables import Credential, Fob, ProgrammingJob, Station
from provisioning.store.vault import SeedContext


@dataclass(frozen=True, slots=True)
class ClaimJobCommand:
    """The job for the station that sees its fob, at `generation` as far as it tells one."""

    job_id: str
    station_id: str
    actor: Actor
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """The job with the fob that it is for, and the station that may have it."""

    job: ProgrammingJob
    station: Station
    sealing_key: bytes
    fob: Fob


@dataclass(frozen=True, slots=True)
class _AccessCode:
    """What locks the device of these names; None for a kind that is not locked."""

    profile: str
    serial: str
    code: bytes | None = field(repr=False)


def claim_job(services: Services, command: ClaimJobCommand, now: datetime) -> ProgramJob:
    """QUEUED → WRITING; for PROGRAM the seed is drawn, sealed for the vault and encrypted to the station.

    Where the fob is locked with an access code, the verifier is asked for it, and it goes along in the same way.

    Raises WrongState if somebody else has it by now, or its credential ended in the meantime; VaultError where
    nobody tells the access code, and the job is as it was.
    """
    return until_settled(lambda: _round(services, command, now))


def _round(services: Services, command: ClaimJobCommand, now: datetime) -> ProgramJob:
    with services.store.read() as session:
        case = _case(session, command)
    if case.job.state is not JobState.QUEUED or case.job.closed_at is not None:
        raise WrongState("job", case.job.state.value)
    profile, serial = case.fob.profile, case.fob.serial
    locks = locks_with_code(services, profile)
    code = ask_access_code(services, profile, serial, now) if locks else None
    return _claim(services, command, _AccessCode(profile, serial, code), now)


@retried
def _claim(services: Services, command: ClaimJobCommand, access: _AccessCode, now: datetime) -> ProgramJob:
    with services.store.write() as tx:
        # whoever revokes the station waits until the job is its own, and then takes it away
        case = _case(tx, command, hold_station=True)
        job, station, fob = case.job, case.station, case.fob
        if (fob.profile, fob.serial) != (access.profile, access.serial):
            raise Overtaken
        seal = StationSeal(case.sealing_key, station.id, job.id, fob.serial)
        order = _with_access_code(tx, _order(job, fob, command.generation, now), access.code, fob, seal)
        # every job locks in this order: credential, fob, job
        if job.kind is JobKind.PROGRAM:
            order = _with_seed(tx, services, order, job, seal)
            _touch_fob(tx, job.fob_id, command.actor, now)
        move_job(tx, job.id, JobState.WRITING, station_id=station.id, claimed_at=now)
        record(tx, services.audit_key, _audit(command, job, now))
    return order


def _case(session: Session, command: ClaimJobCommand, *, hold_station: bool = False) -> _Case:
    """Raises NotFound; WrongState for a station that must not have the job."""
    job = session.get(ProgrammingJob, command.job_id)
    held = {"read": True} if hold_station else None
    station = session.get(Station, command.station_id, with_for_update=held)
    if job is None or station is None or station.institution_id != job.institution_id:
        raise NotFound("job")
    if station.revoked_at is not None:
        raise WrongState("station", "revoked")
    if station.sealing_key is None:
        raise WrongState("station", "invited")
    fob = session.get_one(Fob, job.fob_id)
    # no desk gets the seed of another branch's fob, whatever it says that it sees
    if station.branch != fob.branch:
        raise WrongState("station", "elsewhere")
    return _Case(job, station, station.sealing_key, fob)


def _order(job: ProgrammingJob, fob: Fob, generation: int | None, now: datetime) -> ProgramJob:
    return ProgramJob(
        job_id=job.id,
        kind=WireJobKind(job.kind.value),
        profile=fob.profile,
        serial=fob.serial,
        unix_time=int(now.timestamp()),
        may_use_last_try=job.may_use_last_try,
        generation=generation,
    )


def _with_access_code(
    tx: Session, order: ProgramJob, code: bytes | None, fob: Fob, seal: StationSeal
) -> ProgramJob:
    if code is None:
        return order
    return dataclasses.replace(
        order,
        sealed_access_code=seal.seal(code, SealedFor.ACCESS_CODE),
        access_code_in_force=fob.access_code_set,
        access_tries_left=tries_left(tx, fob.id),
    )


def _touch_fob(tx: Session, fob_id: str, actor: Actor, now: datetime) -> None:
    """From now on it may have been written to; a further attempt and a reissue find it so already."""
    if tx.scalar(select(Fob.state).where(Fob.id == fob_id)) is not FobState.PROGRAMMING:
        move_fob(tx, fob_id, FobState.PROGRAMMING, actor, now, only_from={FobState.RESERVED})


def _with_seed(
    tx: Session, services: Services, order: ProgramJob, job: ProgrammingJob, seal: StationSeal
) -> ProgramJob:
    """Draw the seed; only its two sealed forms leave this function."""
    credential = tx.get_one(Credential, job.credential_id)
    parameters = credential.parameters
    seed = secrets.token_bytes(parameters.seed_bytes)
    version = credential.seed_version + 1
    sealed = services.sealer.seal(seed, SeedContext(credential.institution_id, credential.id, version))
    untouched = (Credential.state == CredentialState.ISSUED, Credential.seed_version == 0)
    drawn = update(Credential).where(Credential.id == credential.id, *untouched)
    values = {"seed_version": version, "sealed_seed": sealed.sealed_seed}
    values |= {"wrapped_key": sealed.wrapped_key, "kek_id": sealed.kek_id}
    if not changed_rows(tx, drawn.values(**values)):
        raise WrongState("credential", credential.state.value)
    return dataclasses.replace(
        order,
        otp_type=parameters.otp_type.value,
        algorithm=parameters.algorithm.value,
        digits=parameters.digits,
        period_s=parameters.period_s,
        counter=credential.last_step + 1 if parameters.otp_type is OtpType.HOTP else 0,
        sealed_seed=seal.seal(seed, SealedFor.SEED),
    )


def _audit(command: ClaimJobCommand, job: ProgrammingJob, now: datetime) -> AuditRecord:
    return AuditRecord(
        now,
        command.actor,
        "claim_job",
        "intent",
        job.institution_id,
        credential_id=job.credential_id,
        fob_id=job.fob_id,
        job_id=job.id,
        facts={"kind": job.kind.value, "attempt": job.attempt, "station_id": command.station_id},
    )
