"""The worker's clean-up: writes whose station fell silent are given up, so that nothing is stuck (R29)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from devices.contract import FailureCode, Problem
from provisioning.errors import WrongState
from provisioning.jobs.end_attempt import (
    EndAttemptCommand,
    EndedAttempt,
    end_attempt_in,
    lost,
    with_or_without_another,
)
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import JobState
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import ProgrammingJob, Station

SILENT_AFTER: Final = timedelta(seconds=60)


def abandon_stale(services: Services, now: datetime) -> int:
    """Give up every WRITING job whose station was not heard for a minute; how many."""
    silent = or_(Station.last_seen_at.is_(None), Station.last_seen_at < now - SILENT_AFTER)
    query = (
        select(ProgrammingJob.id)
        .join(Station, Station.id == ProgrammingJob.station_id)
        .where(ProgrammingJob.state == JobState.WRITING, ProgrammingJob.closed_at.is_(None), silent)
        .where(ProgrammingJob.claimed_at < now - SILENT_AFTER)
    )
    with services.store.read() as session:
        stale = list(session.scalars(query))
    return sum(_give_up(services, job_id, now) for job_id in stale)


def _give_up(services: Services, job_id: str, now: datetime) -> bool:
    """False where its station, its result or somebody else came first."""
    command = lost(job_id, Problem(FailureCode.STATION_SILENT), SYSTEM)
    try:
        with_or_without_another(command, lambda asked: _end(services, asked, now))
    except WrongState:
        return False
    return True


@retried
def _end(services: Services, command: EndAttemptCommand, now: datetime) -> EndedAttempt:
    with services.store.write() as tx:
        _hold_silent(tx, command.job_id, now)
        return end_attempt_in(tx, services, command, now)


def _hold_silent(tx: Session, job_id: str, now: datetime) -> None:
    """Whoever hears of the station waits until `tx` has ended. Raises WrongState if somebody has heard of it."""
    writes = select(Station).join(ProgrammingJob, ProgrammingJob.station_id == Station.id)
    held = writes.where(ProgrammingJob.id == job_id).with_for_update(read=True, of=Station)
    last_seen_at = tx.scalars(held).one().last_seen_at
    if last_seen_at is not None and last_seen_at >= now - SILENT_AFTER:
        raise WrongState("station", "heard")
