"""A customer's stored mail addresses (R45, R66, R75), and what is sent to prove them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.address_use import AddressUse
from provisioning.store.tables.base import Base, checked, new_id, partial

_CURRENT: Final = "confirmed_at IS NOT NULL AND retired_at IS NULL"


class CustomerAddress(Base):
    """One address for one use. Confirmed ones get every notice until they are erased, also once retired."""

    __tablename__ = "customer_address"
    __table_args__ = (
        # one current address for each use, whoever confirms at the same time
        partial(
            "uq_customer_address_current",
            "customer_id",
            "use",
            where=_CURRENT,
            unique=True,
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id"), index=True)
    use: Mapped[AddressUse] = mapped_column(checked(AddressUse))
    # the address under the key that is named; its keyed hash tells equal ones (R66)
    sealed_address: Mapped[bytes] = mapped_column(LargeBinary)
    address_hash: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    address_key_id: Mapped[str] = mapped_column(String(32), index=True)
    language: Mapped[str] = mapped_column(String(5))
    stored_at: Mapped[datetime]
    # a code sent there was typed, or an app was set up with the mail (R75)
    confirmed_at: Mapped[datetime | None]
    # replaced, or not needed any more; erased some days later
    retired_at: Mapped[datetime | None] = mapped_column(index=True)


class MailCode(Base):
    """The newest メール通知パスワード sent to an address: good in one login, until the next one is sent."""

    __tablename__ = "mail_code"

    address_id: Mapped[str] = mapped_column(ForeignKey("customer_address.id"), primary_key=True)
    # the mail that carries it; drawn while that mail is sent, so that it stands nowhere but in the mail
    mail_id: Mapped[str] = mapped_column(ForeignKey("outbox_mail.id"))
    # keyed hash, and of which key; NULL until the mail is on its way
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    address_key_id: Mapped[str | None] = mapped_column(String(32))
    # name of the login that asked for it
    login: Mapped[str] = mapped_column(String(64), index=True)
    asked_at: Mapped[datetime]


class MailPasswordTries(Base):
    """Wrong ones in a row, whichever address they were sent to: a counter of its own."""

    __tablename__ = "mail_password_tries"

    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    failures: Mapped[int]
