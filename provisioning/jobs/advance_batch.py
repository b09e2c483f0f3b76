"""A fob appears at a station where a batch is under way: it is reserved for the next customer of the list."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from provisioning.errors import (
    AlreadyTaken,
    ApprovalNeeded,
    BadInput,
    CannotHold,
    IssueRestricted,
    NotFound,
    TooEarly,
    WrongState,
)
from provisioning.jobs.acting_staff import acting
from provisioning.jobs.approval_of_batch import allowed_by
from provisioning.jobs.press_batch import close_if_done
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_in
from provisioning.rules.actor import Actor
from provisioning.rules.states import FobState, TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.batches import RESTS_AFTER, items_in, move_item
from provisioning.store.conflicts import retried
from provisioning.store.tables import (
    Application,
    ApplicationState,
    Batch,
    BatchItem,
    BatchItemState,
    Fob,
    Staff,
)


@dataclass(frozen=True, slots=True)
class AdvanceBatchCommand:
    """Profile and serial of the devices that the station can write, and the address that it asks from."""

    station_id: str
    usable: Collection[tuple[str, str]]
    origin: str


def advance_batch(services: Services, command: AdvanceBatchCommand, now: datetime) -> None:
    """Bind blank fobs of the branch's stock to waiting customers, as many as the batch takes at a time.

    A customer for whom nothing can be issued (any more) is skipped with the reason; a fob that cannot be used
    is left alone. A batch that nobody attends to takes none.
    """
    named = [name for name in command.usable if name[1]]
    if not named:
        return
    with services.store.read() as session:
        batch = _open_at(session, command.station_id)
        if batch is None or now - batch.pressed_at > RESTS_AFTER:
            return
        room = batch.at_once - len(items_in(session, batch.id, BatchItemState.BOUND))
        waiting = items_in(session, batch.id, BatchItemState.WAITING)
        fobs = _blank(session, batch, named)
        actor = acting(session.get_one(Staff, batch.opened_by), command.origin)
    while waiting and fobs and room > 0:
        fate = _bind(services, batch, waiting[0], fobs[0], actor=actor, now=now)
        if fate is None:
            return
        if fate.item_is_over:
            waiting.pop(0)
        if fate.fob_is_over:
            fobs.pop(0)
        room -= fate.item_is_over and fate.fob_is_over


@dataclass(frozen=True, slots=True)
class _Fate:
    """What is not to be tried again in this round."""

    item_is_over: bool
    fob_is_over: bool


def _open_at(session: Session, station_id: str) -> Batch | None:
    return session.scalars(select(Batch).where(Batch.station_id == station_id, Batch.closed_at.is_(None))).first()


def _blank(session: Session, batch: Batch, named: Collection[tuple[str, str]]) -> list[str]:
    here = (Fob.institution_id == batch.institution_id, Fob.branch == batch.branch)
    query = select(Fob.id).where(*here, Fob.state == FobState.IN_STOCK, tuple_(Fob.profile, Fob.serial).in_(named))
    return list(session.scalars(query.order_by(Fob.serial, Fob.profile)))


@retried
def _bind_item(  # noqa: PLR0917 - what a batch is made of
    services: Services, batch: Batch, item: BatchItem, fob_id: str, actor: Actor, now: datetime
) -> bool:
    """As `bind_in`; False where the batch has no room any more."""
    with services.store.write() as tx:
        if not has_room(tx, batch):
            return False
        bind_in(tx, services, batch, item, fob_id, actor, now)
    return True


def bind_in(  # noqa: PLR0917 - what a batch is made of
    tx: Session, services: Services, batch: Batch, item: BatchItem, fob_id: str, actor: Actor, now: datetime
) -> None:
    """Reserve the fob for the item's customer, within the caller's transaction.

    Raises what `reserve_fob` raises, and WrongState("batch_item") if somebody else moved the item meanwhile.
    """
    move_item(tx, item, BatchItemState.BOUND, now, fob_id)
    allowed = allowed_by(tx, batch, actor)
    command = ReserveFobCommand(
        batch.institution_id, item.customer_id, fob_id, allowed, batch.station_id, _application(tx, item)
    )
    reserve_in(tx, services, command, now)


_WHY: Final[dict[type[Exception], str]] = {
    TooEarly: "too_early",
    IssueRestricted: "restricted",
    ApprovalNeeded: "approval",
}


@retried
def _pass_over(services: Services, item: BatchItem, actor: Actor, refused: Exception, now: datetime) -> None:
    try:
        with services.store.write() as tx:
            pass_over_in(tx, services, item, actor, refused, now)
    except WrongState:
        return  # somebody else moved it between our look and our write


def pass_over_in(  # noqa: PLR0917 - what a batch is made of
    tx: Session, services: Services, item: BatchItem, actor: Actor, refused: Exception, now: datetime
) -> None:
    """Leave the item's customer out, for whom nothing can be issued (any more), and say why; the last one ends the
    batch.

    Raises WrongState("batch_item").
    """
    reason = _WHY.get(type(refused), "has_token")
    batch = tx.get_one(Batch, item.batch_id, with_for_update=True)
    move_item(tx, item, BatchItemState.SKIPPED, now, reason=reason)
    facts = {"batch_id": item.batch_id, "position": item.position}
    record(tx, services.audit_key, AuditRecord(now, actor, "skip_item", reason, facts=facts))
    close_if_done(tx, services, batch, actor, now)


def _bind(
    services: Services, batch: Batch, item: BatchItem, fob_id: str, *, actor: Actor, now: datetime
) -> _Fate | None:
    """None where the batch has no room any more."""
    try:
        if not _bind_item(services, batch, item, fob_id, actor, now):
            return None
    except CannotHold:
        return _Fate(item_is_over=False, fob_is_over=True)
    except (AlreadyTaken, ApprovalNeeded, TooEarly, IssueRestricted, WrongState, NotFound, BadInput) as refused:
        what = getattr(refused, "what", "")
        if what in ("fob", "device"):
            return _Fate(item_is_over=False, fob_is_over=True)
        if what != "batch_item":
            _pass_over(services, item, actor, refused, now)
        return _Fate(item_is_over=True, fob_is_over=False)
    return _Fate(item_is_over=True, fob_is_over=True)


def has_room(tx: Session, batch: Batch) -> bool:
    """Read anew, with the batch's row held: another poll of the station, or the key, may have been quicker."""
    row = tx.get_one(Batch, batch.id, with_for_update=True)
    return row.closed_at is None and len(items_in(tx, row.id, BatchItemState.BOUND)) < row.at_once


def _application(tx: Session, item: BatchItem) -> str | None:
    mine = (Application.customer_id == item.customer_id, Application.kind == TokenKind.HARD)
    return tx.scalar(select(Application.id).where(*mine, Application.state == ApplicationState.OPEN))
