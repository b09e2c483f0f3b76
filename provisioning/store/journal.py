"""Steps of fob and programming job: whoever comes second is told, nobody overwrites.

The ways allowed stand in `rules.states`. A job's step is one conditional UPDATE; a fob's row is locked before it
is judged, because its custody ledger tells from where it went. Either way two processes that read the same row
cannot both take it on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Delete, Update, delete, select, update
from sqlalchemy.orm import Session

from provisioning.errors import NotFound, WrongState
from provisioning.rules.actor import Actor
from provisioning.rules.states import FOB_MOVES, JOB_MOVES, SEEDLESS, FobState, JobState
from provisioning.store.custody import enter_custody
from provisioning.store.tables import Fob, ImportedSeed, ProgrammingJob

S = TypeVar("S", bound=StrEnum)


def move_fob(
    tx: Session,
    fob_id: str,
    to: FobState,
    actor: Actor,
    now: datetime,
    *,
    only_from: Collection[FobState] = tuple(FobState),
    branch: str | None = None,
    transfer_id: str | None = None,
) -> None:
    """Bring a fob into state `to`, from one of `only_from` and where the table knows a way; the ledger says so.
    A seed that came with it is destroyed where it is not to be given out any more.

    `branch` is another one that it belongs to from now on, `transfer_id` with what it goes on its way.
    Raises WrongState with the state it is in, NotFound.
    """
    # its key stays: whoever queues a further attempt to write it need not wait
    found = select(Fob.state, Fob.transfer_id).where(Fob.id == fob_id).with_for_update(key_share=True)
    row = tx.execute(found).one_or_none()
    if row is None:
        raise NotFound("fob")
    state, came_with = row
    if state not in only_from or to not in FOB_MOVES[state]:
        raise WrongState("fob", state.value)
    values: dict[str, Any] = {"state": to, "changed_at": now, "transfer_id": transfer_id}
    if branch is not None:
        values["branch"] = branch
    if to in SEEDLESS:
        tx.execute(delete(ImportedSeed).where(ImportedSeed.fob_id == fob_id))
    tx.execute(update(Fob).where(Fob.id == fob_id).values(**values))
    enter_custody(tx, fob_id, state, to, actor, now, transfer_id or came_with)


def move_job(
    tx: Session, job_id: str, to: JobState, *, only_from: Collection[JobState] = tuple(JobState), **values: Any
) -> None:
    """Bring an open job that is in one of `only_from` into state `to` and set `values` with it.

    Raises WrongState, NotFound.
    """
    ways = [state for state in _leading_to(JOB_MOVES, to) if state in only_from]
    open_before = (ProgrammingJob.closed_at.is_(None), ProgrammingJob.state.in_(ways))
    statement = update(ProgrammingJob).where(ProgrammingJob.id == job_id, *open_before)
    if not changed_rows(tx, statement.values(state=to, **values)):
        state = tx.scalar(select(ProgrammingJob.state).where(ProgrammingJob.id == job_id))
        if state is None:
            raise NotFound("job")
        raise WrongState("job", state.value)


def changed_rows(tx: Session, statement: Update | Delete) -> int:
    """Carry out an UPDATE or DELETE and say how many rows it found."""
    return int(tx.execute(statement).rowcount)  # type: ignore[attr-defined]


def _leading_to(moves: Mapping[S, Iterable[S]], to: S) -> list[S]:
    return [state for state, ways in moves.items() if to in ways]
