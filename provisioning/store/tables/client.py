"""The bank's own systems that call the API."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
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
    # what it may call: BankScope's values, in its order, one space between two
    scopes: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class BankAnswer(Base):
    """One request under an idempotency key, and what was answered: the same request again gets the same answer."""

    __tablename__ = "bank_answer"

    client_id: Mapped[str] = mapped_column(ForeignKey("bank_client.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    # keyed hash of what was asked: it holds codes and passwords short enough to be guessed from a plain one
    request_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    begun_at: Mapped[datetime] = mapped_column(index=True)
    # both NULL until the act is done; the body may hold a set-up code and is sealed
    status: Mapped[int | None]
    sealed_answer: Mapped[bytes | None] = mapped_column(LargeBinary)
