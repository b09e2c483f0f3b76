"""What the bank's host must be told of, in the order in which it became true (R41)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.states import EndedHow
from provisioning.store.tables.base import Base, checked


class HostEvent(Base):
    """The end of a token that was in use. Rows never change; the host remembers which number it read last."""

    __tablename__ = "host_event"

    institution_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    # 1, 2, 3 … within the institution: whoever sees one has every lower one before it
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id"), index=True)
    credential_id: Mapped[str] = mapped_column(ForeignKey("credential.id"))
    ended_how: Mapped[EndedHow] = mapped_column(checked(EndedHow))
    # what the host has to lower a higher transfer limit to; NULL: nothing
    limit_cap_yen: Mapped[int | None]
    # where the limit is kept here, too, and was lowered
    limit_from_yen: Mapped[int | None]


class HostEventCount(Base):
    """How many events an institution has. Its row is locked until the event is committed, so none comes late."""

    __tablename__ = "host_event_count"

    institution_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)
