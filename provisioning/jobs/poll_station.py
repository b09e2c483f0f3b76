"""A station says what it sees and gets the work that is for it (design §5, claim)."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from devices.contract import DeviceSeen, FailureCode, Poll, Problem, ProgramJob, Work
from provisioning.errors import KagiyaError, NotFound, VaultError, WrongState
from provisioning.jobs.advance_batch import AdvanceBatchCommand, advance_batch
from provisioning.jobs.claim_job import ClaimJobCommand, claim_job
from provisioning.jobs.end_attempt import give_up
from provisioning.jobs.locked_kinds import locks_with_code
from provisioning.jobs.numbering import numbering_of
from provisioning.rules.actor import Actor
from provisioning.rules.states import JobState
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import Fob, ProgrammingJob, Station

_NOTE_EVERY: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class PollCommand:
    """What a believed station sent."""

    station_id: str
    poll: Poll
    actor: Actor


def poll_station(services: Services, command: PollCommand, now: datetime) -> Work:
    """Note what the station sees, give up what it lost, claim what it can write.

    A job that is WRITING for this station and that the station does not know was lost with its
    memory or with our answer: it is given up at once. Every claim is a transaction of its own. Raises VaultError
    where nothing could be claimed because nobody tells an access code; what waits for one is served later.
    """
    lost = _note(services, command, now)
    for job_id in lost:
        give_up(services, job_id, Problem(FailureCode.STATION_RESTARTED), command.actor, now)
    usable = _usable(command.poll.devices)
    advance_batch(services, AdvanceBatchCommand(command.station_id, usable, command.actor.origin), now)
    return Work(jobs=_claim_all(services, command, now), unix_time=int(now.timestamp()))


@retried
def _note(services: Services, command: PollCommand, now: datetime) -> list[str]:
    """Store the devices seen; ids of the jobs that this station no longer knows."""
    seen = [_as_noted(services, device) for device in command.poll.devices]
    with services.store.read() as session:
        station = session.get(Station, command.station_id)
        if station is None:
            raise NotFound("station")
        lost = _lost(session, command)
    if _worth_noting(station, seen, now):
        with services.store.write() as tx:
            # first the station, then its fobs, as where a result is recorded: nobody waits in a circle
            row = tx.get_one(Station, command.station_id, with_for_update={"key_share": True})
            _note_fobs(tx, row, seen)
            row.devices, row.last_seen_at = seen, now
    return lost


def _as_noted(services: Services, device: DeviceSeen) -> dict[str, Any]:
    """What the station told, and the series that the serial number is of."""
    return dataclasses.asdict(device) | {"numbering": numbering_of(services, device.profile)}


def _note_fobs(tx: Session, station: Station, seen: list[dict[str, Any]]) -> None:
    """What fobs of ours tell of themselves, where that is news: model, firmware, battery, clock."""
    for device in seen:
        if device in station.devices or not (device["serial"] and device["profile"]):
            continue
        ours = (Fob.institution_id == station.institution_id, Fob.profile == device["profile"])
        told = {name: device[name] for name in _TOLD if device[name] not in ("", None)}
        if told:
            tx.execute(update(Fob).where(*ours, Fob.serial == device["serial"]).values(**told))


_TOLD: Final = ("model", "firmware", "battery_percent", "clock_offset_s")


def _worth_noting(station: Station, seen: list[dict[str, Any]], now: datetime) -> bool:
    """A poll that brings nothing new within seconds costs no write."""
    # last seen in the future: by a clock that was set back since
    last = station.last_seen_at
    return station.devices != seen or last is None or abs(now - last) >= _NOTE_EVERY


def _lost(session: Session, command: PollCommand) -> list[str]:
    query = select(ProgrammingJob.id).where(
        ProgrammingJob.station_id == command.station_id,
        ProgrammingJob.state == JobState.WRITING,
        ProgrammingJob.closed_at.is_(None),
        ProgrammingJob.id.not_in(command.poll.running),
    )
    return list(session.scalars(query))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A queued job, the generation at which its fob is, and whether that is locked with a code."""

    job_id: str
    generation: int
    locks: bool


def _candidates(services: Services, command: PollCommand) -> list[_Candidate]:
    """Queued jobs of the branch's fobs that this station sees, once, usable, and is not busy with."""
    usable = _usable(command.poll.devices)
    anywhere, here = ProgrammingJob.station_id.is_(None), ProgrammingJob.station_id == command.station_id
    query = (
        select(ProgrammingJob.id, Fob.id, ProgrammingJob.station_id, Fob.profile, Fob.serial)
        .join(Fob, Fob.id == ProgrammingJob.fob_id)
        .join(Station, Station.institution_id == ProgrammingJob.institution_id)
        .where(
            Station.id == command.station_id,
            Station.branch == Fob.branch,
            ProgrammingJob.state == JobState.QUEUED,
            ProgrammingJob.closed_at.is_(None),
            anywhere | here,
        )
        .order_by(ProgrammingJob.queued_at, ProgrammingJob.id)
    )
    with services.store.read() as session:
        busy = set(
            session.scalars(select(ProgrammingJob.fob_id).where(ProgrammingJob.id.in_(command.poll.running)))
        )
        found = session.execute(query).all()
    found = [row for row in found if row[1] not in busy]
    locks = {profile: locks_with_code(services, profile) for _, _, _, profile, _ in found}
    told = [
        _Candidate(job_id, usable[profile, serial], locks[profile])
        for job_id, _, _, profile, serial in found
        if (profile, serial) in usable
    ]
    # reserve_fob sees to it that a station has one open job at most for a kind that tells no serial number
    unnamed = [
        _Candidate(job_id, usable[profile, ""], locks[profile])
        for job_id, _, station_id, profile, _ in found
        if station_id and (profile, "") in usable
    ]
    return told + unnamed


def _usable(devices: tuple[DeviceSeen, ...]) -> dict[tuple[str, str], int]:
    """Generation by profile and serial (empty where it tells none): no problem, and no double (R28)."""
    times_seen = Counter((device.profile, device.serial) for device in devices)
    fine = [device for device in devices if device.problem is None and device.profile]
    named = {(device.profile, device.serial): device.generation for device in fine}
    return {name: generation for name, generation in named.items() if times_seen[name] == 1}


def _claim_all(services: Services, command: PollCommand, now: datetime) -> tuple[ProgramJob, ...]:
    """What is this station's now.

    It must hear of whatever it has got, so a verifier or a database that is away then, whatever refuses, only
    leaves the rest waiting; nor does a poll wait for it more than once.
    """
    jobs: list[ProgramJob] = []
    away: VaultError | None = None
    for candidate in _candidates(services, command):
        if away is not None and candidate.locks:
            continue
        try:
            job = _claim(services, command, candidate, now)
        except VaultError as refused:
            away = refused
        except KagiyaError:
            if not jobs:
                raise
            break
        else:
            jobs += [job] if job is not None else []
    if away is not None and not jobs:
        raise away
    return tuple(jobs)


def _claim(services: Services, command: PollCommand, candidate: _Candidate, now: datetime) -> ProgramJob | None:
    claim = ClaimJobCommand(candidate.job_id, command.station_id, command.actor, candidate.generation)
    try:
        return claim_job(services, claim, now)
    except WrongState:
        return None  # another station or a cancellation was first
