"""Branch staff."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
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
    # SHA-256 of the token in the sign-in link, and until when it is good (NULL: reusable, demo only)
    sign_in_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    sign_in_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
