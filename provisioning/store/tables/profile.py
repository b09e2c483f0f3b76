"""Institution profiles as they were taken into force."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.store.tables.base import Base


class ProfileInForce(Base):
    """The profile's file as it is in force; another one takes a second person where this one says so (R56)."""

    __tablename__ = "profile_in_force"

    institution_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    change_needs_approval: Mapped[bool]
    since: Mapped[datetime]
