"""Mail owed to somebody, committed with the act that owes it (R68)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.mail_kind import MailKind
from provisioning.store.tables.base import Base, checked, new_id


class MailState(StrEnum):
    """Fate of a mail as far as our SMTP server told us."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class OutboxMail(Base):
    """One mail. The text is made when it is sent, from `kind`, `language` and `facts`; never a secret."""

    __tablename__ = "outbox_mail"
    # the newest mail of a token is asked for with each list
    __table_args__ = (Index(None, "credential_id", "queued_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id"), index=True)
    credential_id: Mapped[str | None] = mapped_column(ForeignKey("credential.id"))
    ticket_id: Mapped[str | None] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[MailKind] = mapped_column(checked(MailKind))
    language: Mapped[str] = mapped_column(String(5))
    # the address under the key that is named, for sending and for showing masked (R66); once erased it names none
    sealed_address: Mapped[bytes] = mapped_column(LargeBinary)
    address_hash: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    address_key_id: Mapped[str | None] = mapped_column(String(32), index=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[MailState] = mapped_column(checked(MailState), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    # SMTP reply code and enhanced status of the last failure; no free text from the other side
    last_reply: Mapped[str | None] = mapped_column(String(32))
    queued_at: Mapped[datetime] = mapped_column(index=True)
    next_attempt_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
