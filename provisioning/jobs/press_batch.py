"""The one key of a batch: what is proved is put down as done, and the station waits for the next fob."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.errors import WrongState
from provisioning.jobs.unnamed_fob import is_unnamed, may_be_there
from provisioning.rules.actor import Actor
from provisioning.rules.states import JobState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.batches import items_in, move_item, newest_job, open_batch_row
from provisioning.store.conflicts import retried
from provisioning.store.tables import Batch, BatchItem, BatchItemState, Fob

_OPEN: Final = (BatchItemState.WAITING, BatchItemState.BOUND)


@dataclass(frozen=True, slots=True)
class BatchCommand:
    """An act on one batch of the institution."""

    institution_id: str
    batch_id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class SkipItemCommand(BatchCommand):
    """The customer at `position`."""

    position: int


@dataclass(frozen=True, slots=True)
class Pressed:
    """Positions put down as done, and those whose fob failed and that wait for another one."""

    done: tuple[int, ...]
    again: tuple[int, ...]


@retried
def press_batch(services: Services, command: BatchCommand, now: datetime) -> Pressed:
    """Whatever is proved is done; where a write was given up its customer waits for another fob.

    A resting batch goes on; with nothing left it is closed. A second press does nothing more.
    Raises NotFound, WrongState; WrongState("device", "still_there") where a fob that tells no serial number may
    still be plugged in.
    """
    with services.store.write() as tx:
        batch = open_batch_row(tx, command.institution_id, command.batch_id)
        went: dict[BatchItemState, list[int]] = {BatchItemState.DONE: [], BatchItemState.WAITING: []}
        for item in items_in(tx, batch.id, BatchItemState.BOUND):
            to = _outcome(tx, item)
            if to is not None:
                _check_out(tx, services, batch, item, now)
                went[to].append(item.position)
                move_item(tx, item, to, now, item.fob_id if to is BatchItemState.DONE else None)
        batch.pressed_at = now
        if any(went.values()):
            facts = {"done": went[BatchItemState.DONE], "again": went[BatchItemState.WAITING]}
            _record(tx, services, batch, command.actor, "press_batch", "done", now, **facts)
        close_if_done(tx, services, batch, command.actor, now)
    return Pressed(tuple(went[BatchItemState.DONE]), tuple(went[BatchItemState.WAITING]))


@retried
def skip_item(services: Services, command: SkipItemCommand, now: datetime) -> None:
    """Leave a customer out who has no fob yet, or whose fob failed. Raises NotFound, WrongState("batch_item")."""
    with services.store.write() as tx:
        batch = open_batch_row(tx, command.institution_id, command.batch_id)
        found = [item for item in items_in(tx, batch.id, *_OPEN) if item.position == command.position]
        if not found or (found[0].state is BatchItemState.BOUND and not _failed(tx, found[0])):
            raise WrongState("batch_item", "bound" if found else "closed")
        move_item(tx, found[0], BatchItemState.SKIPPED, now, reason="by_hand")
        _record(tx, services, batch, command.actor, "skip_item", "by_hand", now, position=command.position)
        batch.pressed_at = now
        close_if_done(tx, services, batch, command.actor, now)


@retried
def close_batch(services: Services, command: BatchCommand, now: datetime) -> None:
    """End it now: who waits is left out; fobs on their way are written to the end. Raises as `press_batch`."""
    with services.store.write() as tx:
        batch = open_batch_row(tx, command.institution_id, command.batch_id)
        for item in items_in(tx, batch.id, *_OPEN):
            if item.state is BatchItemState.WAITING or _failed(tx, item):
                move_item(tx, item, BatchItemState.SKIPPED, now, reason="closed")
            else:
                if _outcome(tx, item) is not None:
                    _check_out(tx, services, batch, item, now)
                move_item(tx, item, BatchItemState.DONE, now, item.fob_id)
        _close(tx, services, batch, command.actor, now)


def close_if_done(tx: Session, services: Services, batch: Batch, actor: Actor, now: datetime) -> None:
    """Nobody on the list of `batch`, whose row is held, waits or is being served: it is over."""
    left = select(func.count()).where(BatchItem.batch_id == batch.id, BatchItem.state.in_(_OPEN))
    if not tx.scalar(left):
        _close(tx, services, batch, actor, now)


def _outcome(tx: Session, item: BatchItem) -> BatchItemState | None:
    job = newest_job(tx, item)
    if job is not None and job.state is JobState.PROVED:
        return BatchItemState.DONE
    return BatchItemState.WAITING if _failed(tx, item) else None


def _check_out(tx: Session, services: Services, batch: Batch, item: BatchItem, now: datetime) -> None:
    """Which of two fobs that tell no serial number is plugged in nobody could say: this one must be out first."""
    profile = tx.get_one(Fob, item.fob_id).profile
    if is_unnamed(services, profile) and may_be_there(tx, batch.station_id, profile, now):
        raise WrongState("device", "still_there")


def _failed(tx: Session, item: BatchItem) -> bool:
    """No attempt is under way, and none succeeded."""
    job = newest_job(tx, item)
    return job is None or (job.closed_at is not None and job.state is not JobState.PROVED)


def _close(tx: Session, services: Services, batch: Batch, actor: Actor, now: datetime) -> None:
    batch.closed_at = now
    _record(tx, services, batch, actor, "close_batch", "closed", now)


def _record(  # noqa: PLR0917 - one line for each act
    tx: Session,
    services: Services,
    batch: Batch,
    actor: Actor,
    act: str,
    result: str,
    now: datetime,
    **facts: Any,
) -> None:
    told = {"batch_id": batch.id} | facts
    record(tx, services.audit_key, AuditRecord(now, actor, act, result, facts=told))
