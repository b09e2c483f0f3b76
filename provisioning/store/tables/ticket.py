"""What lets an app fetch one seed once (R16-R26)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.store.tables.base import Base, checked, new_id, partial


class TicketState(StrEnum):
    """Where a ticket stands. VOID is for ever: too many wrong proofs, re-sent, or cancelled."""

    OPEN = "open"
    SPENT = "spent"
    VOID = "void"
    EXPIRED = "expired"


class Ticket(Base):
    """The right to fetch one credential's seed with the activation password."""

    __tablename__ = "ticket"
    __table_args__ = (
        partial(
            "uq_ticket_usable_credential",
            "credential_id",
            where="state IN ('open', 'spent')",
            unique=True,
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    credential_id: Mapped[str] = mapped_column(ForeignKey("credential.id"), index=True)
    state: Mapped[TicketState] = mapped_column(checked(TicketState))
    salt: Mapped[bytes] = mapped_column(LargeBinary(32))
    iterations: Mapped[int]
    # PBKDF2 key of the activation password, sealed; NULL once the ticket is spent or void (R17)
    sealed_password_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    # wrong proofs in total, counted before anything is compared (R19)
    attempts: Mapped[int] = mapped_column(default=0)
    # after spending: the encrypted answer and the thumbprint of the app key it was made for (R21)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    app_key_thumbprint: Mapped[str | None] = mapped_column(String(64))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class SpentNonce(Base):
    """A server nonce that was used; its insertion decides who used it first."""

    __tablename__ = "spent_nonce"

    nonce: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ActivationCount(Base):
    """Wrong activation proofs of one day, by service and by user, whether or not such a user exists (R19)."""

    __tablename__ = "activation_count"

    # keyed hash of service ID, and of service ID with user ID
    subject: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
