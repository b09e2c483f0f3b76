"""Transfers (振込) in the embedded portal, and the payees registered for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.store.tables.base import Base, new_id


class Payee(Base):
    """An account that a customer registered beforehand (登録済振込先)."""

    __tablename__ = "payee"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id"), index=True)
    bank: Mapped[str] = mapped_column(String(60))
    branch: Mapped[str] = mapped_column(String(60))
    account_number: Mapped[str] = mapped_column(String(7))
    holder: Mapped[str] = mapped_column(String(60))
    registered_at: Mapped[datetime]


class MoneyTransfer(Base):
    """One accepted transfer. Rows never change."""

    __tablename__ = "money_transfer"
    # what was moved today counts against the limit
    __table_args__ = (Index(None, "customer_id", "made_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(16), unique=True)
    institution_id: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id"))
    # NULL: named for this once (都度指定)
    payee_id: Mapped[str | None] = mapped_column(ForeignKey("payee.id"))
    bank: Mapped[str] = mapped_column(String(60))
    branch: Mapped[str] = mapped_column(String(60))
    account_number: Mapped[str] = mapped_column(String(7))
    holder: Mapped[str] = mapped_column(String(60))
    amount_yen: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime]
