"""Applications for a token: made in the portal or at the counter, fulfilled by the issuance."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.states import TokenKind
from provisioning.store.tables.base import Base, checked, new_id, partial


class ApplicationState(StrEnum):
    """Where an application stands."""

    OPEN = "open"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"


class Application(Base):
    """A customer's request (利用申込), known by its number (受付番号)."""

    __tablename__ = "application"
    __table_args__ = (
        partial(
            "uq_application_open_customer",
            "customer_id",
            where="state = 'open'",
            unique=True,
        ),
        Index(None, "state", "institution_id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(16), unique=True)
    institution_id: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id"), index=True)
    kind: Mapped[TokenKind] = mapped_column(checked(TokenKind))
    state: Mapped[ApplicationState] = mapped_column(checked(ApplicationState))
    made_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
