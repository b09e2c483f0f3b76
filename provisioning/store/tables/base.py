"""Ground of all tables: names of constraints, instants as integers, enums as checked text."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, Enum, Index, MetaData, text
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WHERE: Final = "where"
_ONLY_KEYS: Final = "only_keys"


def to_microseconds(value: datetime) -> int:
    """An aware datetime as microseconds since 1970 UTC. A naive one raises ValueError."""
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (value - _EPOCH) // timedelta(microseconds=1)


def from_microseconds(value: int) -> datetime:
    """Microseconds since 1970 as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=value)


class Instant(TypeDecorator[datetime]):
    """An aware datetime stored as microseconds since 1970 UTC: alike on every database, exact to compare."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Aware datetime to microseconds."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Microseconds to an aware datetime in UTC."""
        return None if value is None else from_microseconds(value)


def checked(enum: type[StrEnum], name: str = "") -> Enum:
    """Column type for a StrEnum: its values as text under a CHECK constraint, named where a table has two."""
    return Enum(
        enum,
        native_enum=False,
        length=32,
        create_constraint=True,
        name=name or enum.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows for which `where` holds.

    The condition waits until tables are made or compared (`with_dialects`).
    """
    return Index(name, *columns, unique=unique, info={_WHERE: where})


def only_keys() -> dict[str, Any]:
    """`__table_args__` of a table that is nothing but its primary key: SQLite keeps it as that index alone."""
    return {"info": {_ONLY_KEYS: True}}


def with_dialects(metadata: MetaData) -> MetaData:
    """The tables with what is said in the words of one database.

    With it SQLAlchemy loads the dialects of both into the process, which no server needs.
    """
    for table in metadata.tables.values():
        if _ONLY_KEYS in table.info:
            table.dialect_options["sqlite"]["with_rowid"] = False
        for index in table.indexes:
            if _WHERE in index.info:
                for dialect in ("sqlite", "postgresql"):
                    index.dialect_options[dialect]["where"] = text(index.info[_WHERE])
    return metadata


def new_id() -> str:
    """A random 128-bit identifier, 32 hexadecimal digits."""
    return secrets.token_hex(16)


class Base(DeclarativeBase):
    """Registry of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: dict[Any, Any] = {datetime: Instant}  # noqa: RUF012 - SQLAlchemy's own form
