"""The bank's own systems that call the API."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.store.tables.base import Base, new_id


class BankClient(Base):
    """One calling system of one institution, known by the SHA-256 of its key."""

    __tablename__ = "bank_client"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    # NULL: serves every institution (the demo's key); production keys name one
    institution_id: Mapped[str | None] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(100))
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    # the bank checks the confirmation password itself before it calls release
    checks_confirmation: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
