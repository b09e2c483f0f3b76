"""Daily closings: what was counted in a branch against what the books say, and what does not agree."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.store.tables.base import Base, new_id


class StockClosing(Base):
    """One closing of one branch; counting again makes another one. Rows are never changed."""

    __tablename__ = "stock_closing"
    __table_args__ = (Index(None, "institution_id", "branch", "at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    branch: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    # newest row of the custody ledger that this closing knows
    last_entry_id: Mapped[int] = mapped_column(BigInteger)
    # by compartment: before (of the last closing, null for the first), came, went, books, counted
    lines: Mapped[dict[str, Any]] = mapped_column(JSON)
    # how many fobs were in each state
    states: Mapped[dict[str, Any]] = mapped_column(JSON)
    # what does not agree: kind, compartment or serial, and the numbers
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(String(200), default="")
