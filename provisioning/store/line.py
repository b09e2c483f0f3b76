"""The hot path's way to the database: SQL that both databases know, on the driver's own cursor.

SQLAlchemy's execution costs several times what the database needs for such statements
(docs/benchmarks.md). Everything that is not judged hundreds of times a second uses SQLAlchemy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, PoolProxiedConnection
from sqlalchemy.orm import Session

from provisioning.store.turns import begin_writing

_SQLITE: Final = "sqlite"
_NAMED: Final = re.compile(r"(?<!:):([a-z_]+)")


@dataclass(slots=True)
class Ending:
    """How far a transaction has come: cut off while it commits, it may have been done all the same."""

    is_committing: bool = False


class Line:
    """One connection of the pool. Statements stand alone unless they are inside `deciding`."""

    def __init__(
        self, raw: PoolProxiedConnection, backend: str, turn: AbstractContextManager[object], ending: Ending
    ) -> None:
        """`turn` is held while writing; `backend` is SQLAlchemy's name of the database."""
        self.raw = raw
        self.backend = backend
        self._turn = turn
        self._ending = ending

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """The transaction that decides: it commits at the end, or nothing was written."""
        with self._turn:
            begin_writing(self.raw, self.backend)
            try:
                yield
            except BaseException:
                self.raw.rollback()
                raise
            with self.committing():
                self.raw.commit()

    @contextmanager
    def committing(self) -> Iterator[None]:
        """What fails in here may have been done all the same, if the database was cut off."""
        self._ending.is_committing = True
        yield
        self._ending.is_committing = False


class JoinedLine(Line):
    """A line over a connection whose transaction is begun and ended by its owner."""

    def __init__(self, connection: Connection) -> None:
        """`connection` is inside `Store.write_connection`."""
        super().__init__(connection.connection, connection.dialect.name, nullcontext(), Ending())
        self._connection = connection

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Nothing of its own."""
        yield

    def session(self) -> Session:
        """The same transaction as a session; closing it ends nothing."""
        return Session(self._connection)


class Statement:
    """One statement with `:name` parameters. Values are what the driver takes: str, int, bytes, None."""

    def __init__(self, sql: str) -> None:
        self._text = {"sqlite": sql, "postgresql": _NAMED.sub(r"%(\1)s", sql)}

    def change(self, line: Line, parameters: Mapping[str, Any]) -> int:
        """Run it and say how many rows it touched."""
        return int(self._run(line, parameters).rowcount)

    def first(self, line: Line, parameters: Mapping[str, Any]) -> Sequence[Any] | None:
        """Run it and give its first row, or None."""
        cursor = self._run(line, parameters)
        row: Sequence[Any] | None = cursor.fetchone()
        cursor.close()  # a SELECT not read to its end keeps SQLite's snapshot open
        return row

    def all(self, line: Line, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Run it and give every row."""
        cursor = self._run(line, parameters)
        rows: Sequence[Sequence[Any]] = cursor.fetchall()
        return rows

    def _run(self, line: Line, parameters: Mapping[str, Any]) -> Any:
        cursor = line.raw.cursor()
        cursor.execute(self._text[line.backend], parameters)
        return cursor


class Decision:
    """A change and the row that tells of it: both or neither, in a transaction of their own.

    PostgreSQL does both in one statement and so in one round trip; four would cost more than the work.
    """

    def __init__(self, change: str, table: str, columns: Sequence[str], json_columns: Collection[str]) -> None:
        """`change` is an UPDATE; `columns` of `table` are written from parameters named `row_COLUMN`."""
        into = f"INSERT INTO {table} ({', '.join(columns)})"
        values = [f":row_{column}" for column in columns]
        # a SELECT takes a bare text for text, and text does not become JSON by itself
        typed = [f"CAST(:row_{name} AS json)" if name in json_columns else f":row_{name}" for name in columns]
        self._change = Statement(change)
        # the words are this program's own: none of them comes from outside
        self._tell = Statement(f"{into} VALUES ({', '.join(values)})")
        self._both = Statement(
            f"WITH changed AS ({change} RETURNING 1) {into} SELECT {', '.join(typed)} FROM changed"  # noqa: S608
        )

    def take(self, line: Line, parameters: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
        """Whether the change found what it was to change; otherwise nothing was written."""
        named = {**parameters, **{f"row_{name}": value for name, value in row.items()}}
        if line.backend != _SQLITE:
            with line.committing():
                return self._both.change(line, named) == 1
        with line.deciding():
            if self._change.change(line, parameters) != 1:
                return False
            self._tell.change(line, named)
        return True
