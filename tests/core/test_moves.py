"""Every pair of states: whoever moves a fob or a job gets along the listed ways and no other (R34)."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from itertools import product

import pytest
from sqlalchemy import select, update

from provisioning.errors import NotFound, WrongState
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import FOB_MOVES, JOB_MOVES, FobState, JobKind, JobState
from provisioning.services import Services
from provisioning.store.journal import move_fob, move_job
from provisioning.store.tables import Fob, ProgrammingJob


def test_a_fob_goes_the_listed_ways_only(services: Services, fob: Fob, now: datetime) -> None:
    this = update(Fob).where(Fob.id == fob.id)
    for begin, to in product(FobState, FobState):
        with services.store.write() as tx:
            tx.execute(this.values(state=begin))
        listed = to in FOB_MOVES[begin]
        with nullcontext() if listed else pytest.raises(WrongState), services.store.write() as tx:
            move_fob(tx, fob.id, to, SYSTEM, now)
        with services.store.read() as tx:
            assert tx.scalar(select(Fob.state)) is (to if listed else begin)


def test_a_job_goes_the_listed_ways_only_and_none_once_it_is_closed(
    services: Services, fob: Fob, now: datetime
) -> None:
    job = ProgrammingJob(
        institution_id="dual",
        kind=JobKind.PROGRAM,
        state=JobState.QUEUED,
        fob_id=fob.id,
        requested_by="test",
        queued_at=now,
    )
    with services.store.write() as tx:
        tx.add(job)
    this = update(ProgrammingJob).where(ProgrammingJob.id == job.id)
    for begin, to, closed_at in product(JobState, JobState, (None, now)):
        with services.store.write() as tx:
            tx.execute(this.values(state=begin, closed_at=closed_at))
        listed = to in JOB_MOVES[begin] and closed_at is None
        with nullcontext() if listed else pytest.raises(WrongState), services.store.write() as tx:
            move_job(tx, job.id, to)
        with services.store.read() as tx:
            assert tx.scalar(select(ProgrammingJob.state)) is (to if listed else begin)


def test_what_is_not_there_goes_nowhere(services: Services, now: datetime) -> None:
    with pytest.raises(NotFound), services.store.write() as tx:
        move_fob(tx, "0" * 32, FobState.LOST, SYSTEM, now)
    with pytest.raises(NotFound), services.store.write() as tx:
        move_job(tx, "0" * 32, JobState.WRITING)
