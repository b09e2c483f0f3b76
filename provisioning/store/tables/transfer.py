"""Fobs on their way between two branches of an institution."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.store.tables.base import Base, new_id


class StockTransfer(Base):
    """Fobs sent in one go. Which they are and what became of each tells the custody ledger. Rows never change."""

    __tablename__ = "stock_transfer"
    __table_args__ = (
        Index(None, "institution_id", "from_branch", "sent_at"),
        Index(None, "institution_id", "to_branch", "sent_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    from_branch: Mapped[str] = mapped_column(String(64))
    to_branch: Mapped[str] = mapped_column(String(64))
    sent_at: Mapped[datetime]
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(String(200), default="")
