"""Branch staff."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.permissions import StaffRole
from provisioning.store.tables.base import Base, checked, new_id


class Staff(Base):
    """One member of staff, limited to an institution and a branch."""

    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    branch: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[StaffRole] = mapped_column(checked(StaffRole))
    enabled: Mapped[bool] = mapped_column(default=True)
    # demo accounts sign in by a reusable link; production start-up refuses a database that has one (R77)
    demo: Mapped[bool] = mapped_column(default=False)
    # SHA-256 of the token in that link
    sign_in_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime]


class StaffInvitation(Base):
    """A link on which somebody makes a passkey, once; the newest voids the one before."""

    __tablename__ = "staff_invitation"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    # SHA-256 of the token in the link
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime]
    # a row of staff, or whoever is at the command line
    invited_by: Mapped[str] = mapped_column(String(64))


class StaffFallback(Base):
    """How somebody signs in without a passkey: a number, a password, and a code of a token of their own."""

    __tablename__ = "staff_fallback"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    # what they type to say who they are
    number: Mapped[str] = mapped_column(String(8), unique=True)
    # holds their token: a customer's row that nobody can log in to the portal with
    holder_id: Mapped[str] = mapped_column(ForeignKey("customer.id"), unique=True)
    # argon2id; NULL until they chose one
    password_hash: Mapped[str | None] = mapped_column(String(200))
    password_failures: Mapped[int] = mapped_column(default=0)
