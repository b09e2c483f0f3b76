"""A fob that tells no serial number, in a batch: its label is typed, and it is the one that is plugged in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import (
    AlreadyTaken,
    ApprovalNeeded,
    BadInput,
    InputFault,
    IssueRestricted,
    TooEarly,
    WrongState,
)
from provisioning.jobs.advance_batch import bind_in, has_room, pass_over_in
from provisioning.jobs.press_batch import BatchCommand
from provisioning.services import Services
from provisioning.store.batches import items_in, open_batch_row
from provisioning.store.conflicts import retried
from provisioning.store.tables import Batch, BatchItem, BatchItemState, Fob


@dataclass(frozen=True, slots=True)
class BindLabelCommand(BatchCommand):
    """`serial` as it stands on the back of the fob of `profile` that is plugged in at the batch's station."""

    profile: str
    serial: str


@retried
def bind_label(services: Services, command: BindLabelCommand, now: datetime) -> int | None:
    """Reserve that fob for the next customer of the list, whose position is given; None where nobody is left.

    A customer for whom nothing can be issued (any more) is passed over with the reason. Where anything is raised,
    nothing has changed: nobody was passed over either.
    Raises BadInput("serial") for a label that is not in the branch's stock list, what `reserve_fob` raises of the
    fob or the device, WrongState("batch", "closed" or "full"), NotFound.
    """
    with services.store.write() as tx:
        batch = open_batch_row(tx, command.institution_id, command.batch_id)
        fob_id = _labelled(tx, batch, command)
        if not has_room(tx, batch):
            raise WrongState("batch", "full")
        # whoever types a label attends to the batch
        batch.pressed_at = now
        for item in items_in(tx, batch.id, BatchItemState.WAITING):
            if _bind(tx, services, batch, item, fob_id, command, now):
                return item.position
    return None


def _labelled(tx: Session, batch: Batch, command: BindLabelCommand) -> str:
    here = (Fob.institution_id == batch.institution_id, Fob.branch == batch.branch)
    named = (Fob.profile == command.profile, Fob.serial == command.serial)
    fob_id = tx.scalar(select(Fob.id).where(*here, *named))
    if fob_id is None:
        raise BadInput("serial", InputFault.NOT_OFFERED if command.serial else InputFault.MISSING)
    return fob_id


def _bind(  # noqa: PLR0917 - what a batch is made of
    tx: Session,
    services: Services,
    batch: Batch,
    item: BatchItem,
    fob_id: str,
    command: BindLabelCommand,
    now: datetime,
) -> bool:
    """False where the item's customer is passed over."""
    try:
        with tx.begin_nested():
            bind_in(tx, services, batch, item, fob_id, command.actor, now)
    except (AlreadyTaken, ApprovalNeeded, TooEarly, IssueRestricted, WrongState) as refused:
        if getattr(refused, "what", "") in ("fob", "device"):
            raise
        pass_over_in(tx, services, item, command.actor, refused, now)
        return False
    return True
