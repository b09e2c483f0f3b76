"""Companies, whose users are customers with a role, and what companies are searched by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, String, event, insert
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from provisioning.rules.search_text import KEY_LENGTH, endings
from provisioning.store.tables.base import Base, new_id, only_keys


class Company(Base):
    """A company (企業) that banks with one institution. Its name is entered once and never changed here."""

    __tablename__ = "company"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(100))
    name_kana: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime]


class CompanyKey(Base):
    """One ending of a company's name or its reading, as CustomerKey is of a customer's."""

    __tablename__ = "company_key"
    __table_args__ = only_keys()

    institution_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    # compared sign by sign, whatever language the database was made for
    text: Mapped[str] = mapped_column(
        String(KEY_LENGTH).with_variant(String(KEY_LENGTH, collation="C"), "postgresql"), primary_key=True
    )
    company_id: Mapped[str] = mapped_column(ForeignKey("company.id"), primary_key=True)


@event.listens_for(Company, "after_insert")
def _enter(_mapper: Mapper[Any], connection: Connection, company: Company) -> None:
    texts = endings(company.name) | endings(company.name_kana)
    same = {"institution_id": company.institution_id, "company_id": company.id}
    connection.execute(insert(CompanyKey), [same | {"text": text} for text in texts])
