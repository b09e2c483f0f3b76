"""Paper requests: taken in at a branch, carried out or refused by one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.papers import IdentityCheck, PaperAct, PaperKind, PaperState
from provisioning.store.tables.base import Base, checked, new_id


class PaperRequest(Base):
    """One form that a customer handed in (R39). Rows are never deleted."""

    __tablename__ = "paper_request"
    __table_args__ = (
        # one form, one request
        UniqueConstraint("institution_id", "form_number"),
        # the work list, the longest waiting first
        Index(None, "state", "institution_id", "taken_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id"), index=True)
    kind: Mapped[PaperKind] = mapped_column(checked(PaperKind))
    form_number: Mapped[str] = mapped_column(String(32))
    identity_check: Mapped[IdentityCheck] = mapped_column(checked(IdentityCheck))
    note: Mapped[str] = mapped_column(String(200), default="")
    # whoever acted: a row of staff, or a client of the bank API
    taken_by: Mapped[str] = mapped_column(String(64))
    taken_at: Mapped[datetime]

    state: Mapped[PaperState] = mapped_column(checked(PaperState), default=PaperState.OPEN)
    # what it led to, once it is DONE; why not, once it is REFUSED
    act: Mapped[PaperAct | None] = mapped_column(checked(PaperAct))
    refusal: Mapped[str] = mapped_column(String(200), default="")
    closed_by: Mapped[str | None] = mapped_column(String(64))
    closed_at: Mapped[datetime | None]
    # the token that the act concerned
    credential_id: Mapped[str | None] = mapped_column(ForeignKey("credential.id"))
    # of a lifted issuance restriction: so many issuances do not count any more
    issuances_forgiven: Mapped[int | None]
