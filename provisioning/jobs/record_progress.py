"""How far a write has come, for the teller's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from devices.contract import Progress
from provisioning.errors import BadInput, InputFault, NotFound, WrongState
from provisioning.rules.states import JobState
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.tables import ProgrammingJob, Station


@dataclass(frozen=True, slots=True)
class RecordProgressCommand:
    """The station's word about one of its jobs."""

    station_id: str
    job_id: str
    progress: Progress


@retried
def record_progress(services: Services, command: RecordProgressCommand, now: datetime) -> None:
    """Keep the newest count and what the device waits for.

    Raises NotFound for another's job, WrongState unless WRITING, BadInput.
    """
    told = command.progress
    done, total = told.reports_done, told.reports_total
    if not 0 <= done <= total:
        raise BadInput("reports_done", InputFault.BAD_FORM)
    own = (ProgrammingJob.id == command.job_id, ProgrammingJob.station_id == command.station_id)
    writing = update(ProgrammingJob).where(*own, ProgrammingJob.state == JobState.WRITING)
    with services.store.write() as tx:
        if not changed_rows(tx, writing.values(reports_done=done, reports_total=total, wait=told.wait.value)):
            job = tx.get(ProgrammingJob, command.job_id)
            if job is None or job.station_id != command.station_id:
                raise NotFound("job")
            raise WrongState("job", job.state.value)
        tx.execute(update(Station).where(Station.id == command.station_id).values(last_seen_at=now))
