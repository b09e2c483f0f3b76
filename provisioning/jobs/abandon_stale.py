"""The worker's clean-up: writes whose station fell silent are given up, so that nothing is stuck (R29)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select

from devices.contract import FailureCode, Problem
from provisioning.jobs.end_attempt import give_up
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import JobState
from provisioning.services import Services
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
    problem = Problem(FailureCode.STATION_SILENT)
    return sum(give_up(services, job_id, problem, SYSTEM, now) for job_id in stale)
