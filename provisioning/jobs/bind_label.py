"""A fob that tells no serial number, in a batch: its label is typed, and it is the one that is plugged in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from provisioning.errors import (
    AlreadyTaken,
    ApprovalNeeded,
    BadInput,
    InputFault,
    IssueRestricted,
    TooEarly,
    WrongState,
)
from provisioning.jobs.advance_batch import bind_item, pass_over
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


def bind_label(services: Services, command: BindLabelCommand, now: datetime) -> int:
    """Reserve that fob for the next customer of the list, whose position is given.

    A customer for whom nothing can be issued (any more) is passed over with the reason.
    Raises BadInput("serial") for a label that is not in the branch's stock list, what `reserve_fob` raises of the
    fob or the device, WrongState("batch", "closed" or "full"), NotFound.
    """
    batch, fob_id, waiting = _line(services, command, now)
    for item in waiting:
        try:
            has_room = bind_item(services, batch, item, fob_id, command.actor, now)
        except (AlreadyTaken, ApprovalNeeded, TooEarly, IssueRestricted, WrongState) as refused:
            if getattr(refused, "what", "") in ("fob", "device"):
                raise
            pass_over(services, item, command.actor, refused, now)
            continue
        if has_room:
            return item.position
        raise WrongState("batch", "full")
    raise WrongState("batch", "closed")


@retried
def _line(services: Services, command: BindLabelCommand, now: datetime) -> tuple[Batch, str, list[BatchItem]]:
    """Whoever types a label attends to the batch."""
    with services.store.write() as tx:
        batch = open_batch_row(tx, command.institution_id, command.batch_id)
        here = (Fob.institution_id == batch.institution_id, Fob.branch == batch.branch)
        named = (Fob.profile == command.profile, Fob.serial == command.serial)
        fob_id = tx.scalar(select(Fob.id).where(*here, *named))
        if fob_id is None:
            raise BadInput("serial", InputFault.NOT_OFFERED if command.serial else InputFault.MISSING)
        batch.pressed_at = now
        return batch, fob_id, items_in(tx, batch.id, BatchItemState.WAITING)
