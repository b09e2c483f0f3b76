"""The custody ledger: every move of every fob, written with the move (R31)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.custody import Holder
from provisioning.rules.states import FobState
from provisioning.store.tables.base import Base, checked, partial


class CustodyEntry(Base):
    """A fob went from one state to another, and whoever then answers for it. Rows are never changed."""

    __tablename__ = "custody_entry"
    __table_args__ = (
        Index("ix_custody_entry_fob", "fob_id", "id"),
        Index("ix_custody_entry_day", "institution_id", "branch", "at"),
        partial(
            "ix_custody_entry_transfer",
            "transfer_id",
            where="transfer_id IS NOT NULL",
        ),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    fob_id: Mapped[str] = mapped_column(ForeignKey("fob.id"))
    at: Mapped[datetime]
    institution_id: Mapped[str] = mapped_column(String(32))
    # where the fob belongs, also while a customer has it
    branch: Mapped[str] = mapped_column(String(64))
    # NULL: the fob became known by this entry
    from_state: Mapped[FobState | None] = mapped_column(checked(FobState, "from_state"))
    to_state: Mapped[FobState] = mapped_column(checked(FobState, "to_state"))
    holder: Mapped[Holder] = mapped_column(checked(Holder))
    # who has it, where the holder is a customer
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("customer.id"))
    # with what it went on its way, arrived or came back
    transfer_id: Mapped[str | None] = mapped_column(ForeignKey("stock_transfer.id"))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(64))
