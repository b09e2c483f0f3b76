"""The things in the drawer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.states import FobState
from provisioning.store.tables.base import Base, checked, new_id


class Fob(Base):
    """A key fob known to an institution. Which credential it carries stands on the credential."""

    __tablename__ = "fob"
    __table_args__ = (UniqueConstraint("profile", "serial"), Index(None, "state", "institution_id", "branch"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    branch: Mapped[str] = mapped_column(String(64))
    serial: Mapped[str] = mapped_column(String(64), index=True)
    profile: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(100))
    firmware: Mapped[str] = mapped_column(String(32))
    battery_percent: Mapped[int | None]
    clock_offset_s: Mapped[int | None]
    # the fob's own commit counter as last reported
    generation: Mapped[int] = mapped_column(default=0)
    state: Mapped[FobState] = mapped_column(checked(FobState))
    first_seen_at: Mapped[datetime]
    changed_at: Mapped[datetime]
