"""Customers of the embedded portal login."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.company import CompanyRole
from provisioning.store.tables.base import Base, checked, new_id, partial


class Customer(Base):
    """Somebody with an internet-banking login at one institution (domain: お客様).

    Password failures and one-time-password failures never share a counter (R13); those of the
    one-time password live on the credential.
    """

    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("institution_id", "login_id"),
        UniqueConstraint("institution_id", "user_id"),
        CheckConstraint("(company_id IS NULL) = (company_role IS NULL)", "company_and_role"),
        # one master, whoever enters two at the same time
        partial("uq_customer_master", "company_id", where="company_role = 'master'", unique=True),
        partial("ix_customer_company", "company_id", where="company_id IS NOT NULL"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    branch: Mapped[str] = mapped_column(String(64))
    login_id: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(100))
    name_kana: Mapped[str] = mapped_column(String(100), default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    password_failures: Mapped[int] = mapped_column(default=0)
    confirmation_hash: Mapped[str] = mapped_column(String(200))
    confirmation_failures: Mapped[int] = mapped_column(default=0)
    # None: the bank does not keep it here
    transfer_limit_yen: Mapped[int | None]
    # both or neither: a user of a company (利用者)
    company_id: Mapped[str | None] = mapped_column(ForeignKey("company.id"))
    company_role: Mapped[CompanyRole | None] = mapped_column(checked(CompanyRole))
    created_at: Mapped[datetime]
