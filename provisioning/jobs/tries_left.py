"""How many wrong access codes a fob still takes before it locks itself, as the stations were told."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from devices.contract import FailureCode
from provisioning.store.tables import ProgrammingJob

_TELLING: Final = frozenset({FailureCode.WRONG_ACCESS_CODE.value, FailureCode.LAST_TRY.value})


def tries_left(tx: Session, fob_id: str) -> int | None:
    """What its newest job with such an outcome told; None where none did, or where a right code came after it.

    A device that tells this only in its answer to a wrong code would otherwise lose its last try at another
    station, or at one that was started again.
    """
    of_fob = select(ProgrammingJob).where(ProgrammingJob.fob_id == fob_id)
    newest = of_fob.order_by(ProgrammingJob.queued_at.desc(), ProgrammingJob.attempt.desc())
    for job in tx.scalars(newest):
        if job.receipt is not None:
            return None
        if job.failure is not None and job.failure["code"] in _TELLING:
            told = str(job.failure["facts"].get("tries_left", ""))
            return int(told) if told.isdecimal() else None
    return None
