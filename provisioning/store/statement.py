"""SQL in words that both databases know, run on the driver's own cursor.

For the few statements of the hot path: SQLAlchemy's own execution costs several times what the database
needs for them (docs/benchmarks.md). Everything else uses SQLAlchemy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

_NAMED: Final = re.compile(r"(?<!:):([a-z_]+)")


class Statement:
    """One statement with `:name` parameters. Values are what the driver takes: str, int, bytes, None."""

    def __init__(self, sql: str) -> None:
        self._text = {"sqlite": sql, "postgresql": _NAMED.sub(r"%(\1)s", sql)}

    def change(self, connection: Connection, parameters: Mapping[str, Any]) -> int:
        """Run it and say how many rows it touched."""
        return int(self._run(connection, parameters).rowcount)

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Sequence[Any] | None:
        """Run it and give its first row, or None."""
        row: Sequence[Any] | None = self._run(connection, parameters).fetchone()
        return row

    def _run(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        cursor = connection.connection.cursor()
        cursor.execute(self._text[connection.dialect.name], parameters)
        return cursor
