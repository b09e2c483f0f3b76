"""A workstation loses its right to ask for work (stolen, replaced, retired)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from devices.contract import FailureCode, Problem
from provisioning.errors import NotFound, StoreUnavailable
from provisioning.jobs.end_attempt import give_up
from provisioning.rules.actor import Actor
from provisioning.rules.states import JobState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import ProgrammingJob, Station


@dataclass(frozen=True, slots=True)
class RevokeStationCommand:
    """The station is not to be believed any more."""

    institution_id: str
    station_id: str
    actor: Actor


def revoke_station(services: Services, command: RevokeStationCommand, now: datetime) -> None:
    """Refuse its requests from now on; what it was writing is given up and tried again elsewhere.

    Raises NotFound. Doing it again changes nothing.
    """
    lost = Problem(FailureCode.STATION_SILENT, {"station": "revoked"})
    for job_id in _revoke(services, command, now):
        # it is revoked whatever becomes of these: the worker gives up what is left (abandon_stale)
        with suppress(StoreUnavailable):
            give_up(services, job_id, lost, command.actor, now)


@retried
def _revoke(services: Services, command: RevokeStationCommand, now: datetime) -> list[str]:
    """The jobs that it was writing."""
    with services.store.write() as tx:
        own = (Station.id == command.station_id, Station.institution_id == command.institution_id)
        if tx.scalar(select(Station.id).where(*own)) is None:
            raise NotFound("station")
        revoked = update(Station).where(*own, Station.revoked_at.is_(None))
        tx.execute(revoked.values(revoked_at=now, enrol_code_hash=None, devices=[]))
        pinned = (ProgrammingJob.station_id == command.station_id, ProgrammingJob.closed_at.is_(None))
        queued = update(ProgrammingJob).where(*pinned, ProgrammingJob.state == JobState.QUEUED)
        tx.execute(queued.values(station_id=None))
        facts = {"station_id": command.station_id}
        entry = AuditRecord(now, command.actor, "revoke_station", "revoked", command.institution_id, facts=facts)
        record(tx, services.audit_key, entry)
        writing = select(ProgrammingJob.id).where(*pinned, ProgrammingJob.state == JobState.WRITING)
        return list(tx.scalars(writing))
