"""Queue the erasing of a returned fob; when a station has recorded it, the fob is stock again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning.errors import WrongState
from provisioning.jobs.fob_acts import FobCommand, fob_case, record_fob_act
from provisioning.jobs.queue_job import JobOrder, queue_job
from provisioning.jobs.unnamed_fob import station_for
from provisioning.rules.factory import FACTORY
from provisioning.rules.states import FobState, JobKind
from provisioning.services import Services
from provisioning.store.conflicts import retried


@dataclass(frozen=True, slots=True)
class QueuedErasure:
    """The job that waits for the fob to be plugged in."""

    job_id: str


@retried
def erase_fob(
    services: Services, command: FobCommand, now: datetime, *, may_use_last_try: bool = False
) -> QueuedErasure:
    """Raises WrongState unless the fob is RETURNED, carries nothing and is of a kind that we write.

    Raises AlreadyTaken if it has an open job.

    `may_use_last_try`: the device's last try of an access code may be spent; failing it locks the device for good.
    For a fob that tells no serial number also what `unnamed_fob.station_for` raises.
    """
    with services.store.write() as tx:
        case = fob_case(tx, command, held=True)
        if case.fob.state is not FobState.RETURNED or case.credential is not None or case.fob.profile == FACTORY:
            raise WrongState("fob", case.fob.state.value)
        order = JobOrder(
            command.institution_id,
            JobKind.ERASE,
            case.fob.id,
            requested_by=command.actor.id,
            station_id=station_for(tx, services, case.fob, None, now),
            may_use_last_try=may_use_last_try,
        )
        job_id = queue_job(tx, order, now)
        asked: dict[str, Any] = {"last_try": True} if may_use_last_try else {}
        record_fob_act(tx, services, command, now, "erase_fob", job_id=job_id, **asked)
    return QueuedErasure(job_id)
