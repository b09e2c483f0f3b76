"""What customers are searched by: every ending of their name and its reading, their user ID and login ID.

A part of a name is looked for as the beginning of one of its endings, so an ordinary index finds it, on any
database and in any number of customers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, ForeignKey, String, delete, event, insert, inspect
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from provisioning.rules.search_text import KEY_LENGTH, endings, key
from provisioning.store.tables.base import Base, checked, only_keys
from provisioning.store.tables.customer import Customer


class KeyKind(StrEnum):
    """What of a customer a key is made from."""

    NAME = "name"
    LOGIN_ID = "login_id"
    USER_ID = "user_id"


class CustomerKey(Base):
    """One key of one customer. Its primary key is the index that searches read, and nothing else of the row."""

    __tablename__ = "customer_key"
    __table_args__ = only_keys()

    institution_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    # compared sign by sign, whatever language the database was made for
    text: Mapped[str] = mapped_column(
        String(KEY_LENGTH).with_variant(String(KEY_LENGTH, collation="C"), "postgresql"), primary_key=True
    )
    branch: Mapped[str] = mapped_column(String(64), primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    kind: Mapped[KeyKind] = mapped_column(checked(KeyKind), primary_key=True)


_MADE_FROM: Final = ("institution_id", "branch", "user_id", "login_id", "name", "name_kana")


def keys_of(customer: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of CustomerKey for a row of Customer. Who enters customers in bulk enters these with them."""
    texts = {(KeyKind.USER_ID, key(customer["user_id"])), (KeyKind.LOGIN_ID, key(customer["login_id"]))}
    names = endings(customer["name"]) | endings(customer["name_kana"])
    texts |= {(KeyKind.NAME, text) for text in names}
    same = {"institution_id": customer["institution_id"], "branch": customer["branch"]}
    return [same | {"customer_id": customer["id"], "text": text, "kind": kind} for kind, text in texts if text]


@event.listens_for(Customer, "after_insert")
def _enter(_mapper: Mapper[Any], connection: Connection, customer: Customer) -> None:
    connection.execute(insert(CustomerKey), keys_of(_facts(customer)))


@event.listens_for(Customer, "after_update")
def _replace(_mapper: Mapper[Any], connection: Connection, customer: Customer) -> None:
    history = {name: inspect(customer).attrs[name].history for name in _MADE_FROM}
    if not any(of.has_changes() for of in history.values()):
        return
    now = _facts(customer)
    before = now | {name: of.deleted[0] for name, of in history.items() if of.deleted}
    columns = (CustomerKey.institution_id, CustomerKey.text, CustomerKey.branch, CustomerKey.customer_id)
    for row in keys_of(before):
        connection.execute(delete(CustomerKey).where(*(column == row[column.key] for column in columns)))
    _enter(_mapper, connection, customer)


def _facts(customer: Customer) -> dict[str, Any]:
    return {name: getattr(customer, name) for name in ("id", *_MADE_FROM)}
