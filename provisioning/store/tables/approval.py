"""Requests for a second person: what is asked for, word for word, what became of it, and what was signed (R56)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.approval import ApprovalState, AskedJob
from provisioning.store.tables.base import Base, checked, new_id, partial

_IS_OPEN: Final = "state IN ('waiting', 'granted')"


class ApprovalRequest(Base):
    """One request. Rows are never deleted, and neither `payload` nor a signature is ever changed."""

    __tablename__ = "approval_request"
    __table_args__ = (
        # whoever asks twice for the same has asked once
        partial(
            "uq_approval_request_open",
            "institution_id",
            "subject",
            where=_IS_OPEN,
            unique=True,
        ),
        # the work list, the longest waiting first
        Index(None, "state", "institution_id", "made_at"),
        # the maker's own
        Index(None, "maker_id", "closed_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    # NULL: of the institution as a whole
    branch: Mapped[str | None] = mapped_column(String(64))
    job: Mapped[AskedJob] = mapped_column(checked(AskedJob))
    # whom or what it is about; one open request for each
    subject: Mapped[str] = mapped_column(String(160))
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("customer.id"), index=True)
    # rules.approval.ApprovalPayload as it was asked for, and its SHA-256
    payload: Mapped[bytes]
    payload_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    # a row of staff, or whoever is at the command line
    maker_id: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    state: Mapped[ApprovalState] = mapped_column(checked(ApprovalState), default=ApprovalState.WAITING)
    closed_at: Mapped[datetime | None]
    # who refused or withdrew it; why, in their words, or what came between, as a code
    closed_by: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(200), default="")
    # the maker has seen what became of it
    told_at: Mapped[datetime | None]

    approver_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    granted_at: Mapped[datetime | None]
    # given by a demonstration's button, and not signed
    by_demo: Mapped[bool] = mapped_column(default=False)
    # the passkey's assertion over rules.passkeys.payload_challenge(nonce, payload_hash), and its public key (COSE)
    nonce: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    credential_id: Mapped[bytes | None] = mapped_column(LargeBinary(1023))
    public_key: Mapped[bytes | None]
    client_data: Mapped[bytes | None]
    authenticator_data: Mapped[bytes | None]
    signature: Mapped[bytes | None]
