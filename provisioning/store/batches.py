"""What several acts on a batch have in common: finding it, its newest jobs, and moving its items."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from provisioning.errors import WrongState
from provisioning.rules.states import JobKind
from provisioning.store.journal import changed_rows
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Batch, BatchItem, BatchItemState, Credential, ProgrammingJob

RESTS_AFTER: Final = timedelta(minutes=10)
"""Without a key press for so long a batch takes no fob: nobody seems to sit at the desk."""


def open_batch_row(tx: Session, institution_id: str, batch_id: str) -> Batch:
    """The batch, if it is open; nobody else binds a fob or presses its key meanwhile.

    Raises NotFound, WrongState("batch").
    """
    batch = own_row(tx, Batch, batch_id, institution_id, held=True)
    if batch.closed_at is not None:
        raise WrongState("batch", "closed")
    return batch


def items_in(tx: Session, batch_id: str, *states: BatchItemState) -> list[BatchItem]:
    """The batch's items in these states, in order."""
    query = select(BatchItem).where(BatchItem.batch_id == batch_id, BatchItem.state.in_(states))
    return list(tx.scalars(query.order_by(BatchItem.position)))


def newest_job(tx: Session, item: BatchItem) -> ProgrammingJob | None:
    """The newest attempt to write the item's fob for its customer."""
    query = (
        select(ProgrammingJob)
        .join(Credential, Credential.id == ProgrammingJob.credential_id)
        .where(
            ProgrammingJob.fob_id == item.fob_id,
            ProgrammingJob.kind == JobKind.PROGRAM,
            Credential.customer_id == item.customer_id,
        )
        .order_by(ProgrammingJob.queued_at.desc(), ProgrammingJob.attempt.desc())
    )
    return tx.scalars(query.limit(1)).first()


def move_item(  # noqa: PLR0917 - part of the acts' transactions
    tx: Session,
    item: BatchItem,
    to: BatchItemState,
    now: datetime,
    fob_id: str | None = None,
    reason: str | None = None,
) -> None:
    """From the state that was read into `to`. Raises WrongState if somebody else moved it meanwhile."""
    own = (BatchItem.batch_id == item.batch_id, BatchItem.position == item.position)
    moved = update(BatchItem).where(*own, BatchItem.state == item.state)
    if not changed_rows(tx, moved.values(state=to, fob_id=fob_id, reason=reason, changed_at=now)):
        raise WrongState("batch_item", item.state.value)
