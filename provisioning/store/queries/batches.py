"""Batches for the pages: every customer of the list with their fob, and what the teller does now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.rules.states import JobState
from provisioning.store.batches import RESTS_AFTER, items_in, newest_job
from provisioning.store.engine import Store
from provisioning.store.queries.jobs import JobView, job
from provisioning.store.queries.next_step import NextStep
from provisioning.store.tables import Batch, BatchItem, BatchItemState, Customer, Fob, Staff, Station

__all__ = ["BatchItemState", "BatchItemView", "BatchLine", "BatchStage", "BatchView", "batch", "batches"]

RECENT: Final = 20
"""Closed batches that are listed."""


class BatchStage(StrEnum):
    """What the teller does now, most urgent first."""

    FINISHED = "finished"
    FAILED = "failed"
    PROVED = "proved"
    TYPE_CODE = "type_code"
    RESTING = "resting"
    WRITING = "writing"
    INSERT = "insert"


@dataclass(frozen=True, slots=True)
class BatchItemView:
    """One customer of a batch. `job` is the newest attempt while their fob is on its way."""

    position: int
    state: BatchItemState
    reason: str
    customer_id: str
    name: str
    user_id: str
    fob_id: str | None
    serial: str
    model: str
    changed_at: datetime
    job: JobView | None = None

    @property
    def stage(self) -> BatchStage:
        """What this one asks for."""
        if self.state is not BatchItemState.BOUND:
            return BatchStage.INSERT if self.state is BatchItemState.WAITING else BatchStage.FINISHED
        if self.job is None or self.job.next_step is NextStep.CHOOSE_AGAIN:
            return BatchStage.FAILED
        if self.job.next_step is NextStep.TYPE_CODE:
            return BatchStage.TYPE_CODE
        return BatchStage.PROVED if self.job.state is JobState.PROVED else BatchStage.WRITING


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One batch in a list."""

    id: str
    branch: str
    station_id: str
    station_name: str
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class BatchView:
    """One batch. `now` is the item that `stage` speaks of; None when it is finished."""

    line: BatchLine
    at_once: int
    stage: BatchStage
    now: BatchItemView | None
    items: tuple[BatchItemView, ...]


def batches(store: Store, institution_id: str, branch: str | None) -> tuple[BatchLine, ...]:
    """Open ones first, then those closed lately."""
    query = _lines(institution_id).order_by(Batch.closed_at.is_not(None), Batch.opened_at.desc()).limit(RECENT)
    if branch is not None:
        query = query.where(Batch.branch == branch)
    with store.read() as session:
        return tuple(_line(session, *row) for row in session.execute(query))


def batch(store: Store, institution_id: str, batch_id: str, now: datetime) -> BatchView:
    """One batch as it stands. Raises NotFound."""
    with store.read() as session:
        row = session.execute(_lines(institution_id).where(Batch.id == batch_id)).one_or_none()
        if row is None:
            raise NotFound("batch")
        line = _line(session, *row)
        job_ids = _job_ids(session, batch_id)
        rows = session.execute(_items(batch_id)).all()
    jobs = {place: job(store, institution_id, job_id, now) for place, job_id in job_ids.items()}
    items = tuple(_item(jobs, *found) for found in rows)
    stage, at = _now(row[0], items, now)
    return BatchView(line, row[0].at_once, stage, at, items)


def _now(row: Batch, items: Sequence[BatchItemView], now: datetime) -> tuple[BatchStage, BatchItemView | None]:
    if row.closed_at is not None:
        return BatchStage.FINISHED, None
    by_stage: dict[BatchStage, BatchItemView] = {}
    for item in items:
        by_stage.setdefault(item.stage, item)
    resting = now - row.pressed_at > RESTS_AFTER
    for stage in BatchStage:
        if stage is BatchStage.RESTING and resting:
            return stage, by_stage.get(BatchStage.WRITING) or by_stage.get(BatchStage.INSERT)
        if stage is not BatchStage.FINISHED and stage in by_stage:
            return stage, by_stage[stage]
    return BatchStage.FINISHED, None


def _lines(institution_id: str) -> Select[*tuple[Any, ...]]:
    return (
        select(Batch, Station.name, Staff.name)
        .join(Station, Station.id == Batch.station_id)
        .join(Staff, Staff.id == Batch.opened_by)
        .where(Batch.institution_id == institution_id)
    )


def _line(session: Session, row: Batch, station_name: str, opened_by: str) -> BatchLine:
    counted = select(BatchItem.state, func.count()).where(BatchItem.batch_id == row.id).group_by(BatchItem.state)
    counts = dict(session.execute(counted).all())
    return BatchLine(
        **{name: getattr(row, name) for name in ("id", "branch", "station_id", "opened_at", "closed_at")},
        station_name=station_name,
        opened_by=opened_by,
        done=counts.get(BatchItemState.DONE, 0),
        total=sum(counts.values()),
    )


def _items(batch_id: str) -> Select[*tuple[Any, ...]]:
    return (
        select(BatchItem, Customer, Fob)
        .join(Customer, Customer.id == BatchItem.customer_id)
        .outerjoin(Fob, Fob.id == BatchItem.fob_id)
        .where(BatchItem.batch_id == batch_id)
        .order_by(BatchItem.position)
    )


def _job_ids(session: Session, batch_id: str) -> dict[int, str]:
    """Newest jobs of the items on their way, by position."""
    found = (
        (item.position, newest_job(session, item)) for item in items_in(session, batch_id, BatchItemState.BOUND)
    )
    return {position: job.id for position, job in found if job is not None}


def _item(jobs: dict[int, JobView], item: BatchItem, customer: Customer, fob: Fob | None) -> BatchItemView:
    return BatchItemView(
        position=item.position,
        state=item.state,
        reason=item.reason or "",
        customer_id=customer.id,
        name=customer.name,
        user_id=customer.user_id,
        fob_id=item.fob_id,
        serial=fob.serial if fob else "",
        model=fob.model if fob else "",
        changed_at=item.changed_at,
        job=jobs.get(item.position),
    )
