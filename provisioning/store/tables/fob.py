"""The things in the drawer."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.states import FobState
from provisioning.store.tables.base import Base, checked, new_id, partial

_KEY: Final = ("serial", "profile")
# ordered by their characters on every database, so that a page of the list goes on where the last one ended
_SERIAL: Final = String(64).with_variant(String(64, collation="C"), "postgresql")
_PROFILE: Final = String(64).with_variant(String(64, collation="C"), "postgresql")


class Fob(Base):
    """A key fob known to an institution. Which credential it carries stands on the credential."""

    __tablename__ = "fob"
    __table_args__ = (
        # one thing, though it may be used by several profiles
        UniqueConstraint("numbering", "serial"),
        # lists and counts, of a branch or of the whole institution, of one state or of all
        Index("ix_fob_branch_state", "institution_id", "branch", "state", *_KEY),
        Index("ix_fob_branch", "institution_id", "branch", *_KEY),
        Index("ix_fob_state", "institution_id", "state", *_KEY),
        Index("ix_fob_institution", "institution_id", *_KEY),
        partial(
            "ix_fob_transfer",
            "transfer_id",
            where="transfer_id IS NOT NULL",
        ),
        # what expires, and what is about to
        partial(
            "ix_fob_expires_at",
            "expires_at",
            where="expires_at IS NOT NULL",
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    branch: Mapped[str] = mapped_column(String(64))
    serial: Mapped[str] = mapped_column(_SERIAL, index=True)
    profile: Mapped[str] = mapped_column(_PROFILE)
    # series that the serial number is of: the profile's own, or one that it shares with others
    numbering: Mapped[str] = mapped_column(_PROFILE)
    model: Mapped[str] = mapped_column(String(100))
    firmware: Mapped[str] = mapped_column(String(32))
    battery_percent: Mapped[int | None]
    clock_offset_s: Mapped[int | None] = mapped_column(BigInteger)
    # the fob's own commit counter as last reported, 32 bits without a sign
    generation: Mapped[int] = mapped_column(BigInteger, default=0)
    # our own access code is on the device, as far as a station told
    access_code_set: Mapped[bool] = mapped_column(default=False)
    state: Mapped[FobState] = mapped_column(checked(FobState))
    # from then on its codes do not count; NULL: nobody noted an expiry
    expires_at: Mapped[datetime | None]
    # on its way with; NULL unless IN_TRANSIT, and until the other branch has it `branch` is who sent it
    transfer_id: Mapped[str | None] = mapped_column(ForeignKey("stock_transfer.id"))
    first_seen_at: Mapped[datetime]
    changed_at: Mapped[datetime]
