"""A batch: fobs written one after another for a list of customers; where it stands outlives page and server."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.store.tables.base import Base, checked, new_id, partial


class BatchItemState(StrEnum):
    """Where one customer of a batch stands. BOUND: a fob is being written for them."""

    WAITING = "waiting"
    BOUND = "bound"
    DONE = "done"
    SKIPPED = "skipped"


class Batch(Base):
    """A batch at one station."""

    __tablename__ = "batch"
    __table_args__ = (
        partial(
            "uq_batch_open_station",
            "station_id",
            where="closed_at IS NULL",
            unique=True,
        ),
        Index(None, "institution_id", "branch", "opened_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    branch: Mapped[str] = mapped_column(String(64))
    station_id: Mapped[str] = mapped_column(ForeignKey("station.id"))
    # staff in whose name fobs are reserved
    opened_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    # how many fobs may be on their way at a time
    at_once: Mapped[int] = mapped_column(default=1)
    # the second person's request that allowed it, where the institution asks for one
    approval_id: Mapped[str | None] = mapped_column(ForeignKey("approval_request.id"))
    opened_at: Mapped[datetime]
    # the last key press: a batch that nobody attends to takes no fob
    pressed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class BatchItem(Base):
    """One customer of a batch, in the order of `position` (from 1)."""

    __tablename__ = "batch_item"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id"))
    state: Mapped[BatchItemState] = mapped_column(checked(BatchItemState), default=BatchItemState.WAITING)
    fob_id: Mapped[str | None] = mapped_column(ForeignKey("fob.id"))
    # why it was skipped: by_hand, closed, or why no fob could be reserved
    reason: Mapped[str | None] = mapped_column(String(32))
    changed_at: Mapped[datetime]
