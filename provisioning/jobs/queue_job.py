"""Put one attempt to write or erase a fob into the queue, inside the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import AlreadyTaken
from provisioning.rules.states import JobKind, JobState
from provisioning.store.tables import ProgrammingJob


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What a station is to do; `station_id` None leaves it to whichever station sees the fob.

    `came_written`: the maker did it, and only the proof is left.
    """

    institution_id: str
    kind: JobKind
    fob_id: str
    requested_by: str
    credential_id: str | None = None
    station_id: str | None = None
    attempt: int = 1
    hand_over_on_proof: bool = False
    may_use_last_try: bool = False
    came_written: bool = False


def queue_job(tx: Session, order: JobOrder, now: datetime) -> str:
    """The new job's id. Raises AlreadyTaken if the fob has an open job; the transaction is then lost."""
    job = ProgrammingJob(
        institution_id=order.institution_id,
        kind=order.kind,
        state=JobState.WRITTEN if order.came_written else JobState.QUEUED,
        attempt=order.attempt,
        fob_id=order.fob_id,
        credential_id=order.credential_id,
        station_id=order.station_id,
        requested_by=order.requested_by,
        hand_over_on_proof=order.hand_over_on_proof,
        may_use_last_try=order.may_use_last_try,
        queued_at=now,
        claimed_at=now if order.came_written else None,
        recorded_at=now if order.came_written else None,
    )
    tx.add(job)
    try:
        tx.flush()
    except IntegrityError:
        raise AlreadyTaken("fob") from None
    return job.id
