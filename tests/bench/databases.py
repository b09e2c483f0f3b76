"""Fresh databases for a measurement: SQLite in a file, PostgreSQL 15 in a private cluster that syncs to disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.fixtures.postgresql import BINARIES, shared_cluster, stop_cluster

SQLITE: Final = "SQLite"
POSTGRESQL: Final = "PostgreSQL 15"


def available() -> tuple[str, ...]:
    """The databases that this machine has."""
    return (SQLITE, POSTGRESQL) if (BINARIES / "initdb").exists() else (SQLITE,)


@contextmanager
def databases(kind: str, folder: Path, *names: str) -> Iterator[list[str]]:
    """Addresses of empty databases, one for each name."""
    if kind == SQLITE:
        yield [f"sqlite:///{folder / name}.db" for name in names]
        return
    cluster = shared_cluster(folder)
    try:
        cluster.administer("ALTER SYSTEM SET fsync = on", "SELECT pg_reload_conf()")
        cluster.administer(*(f'CREATE DATABASE "{name}"' for name in names))
        yield [cluster.url(name) for name in names]
    finally:
        stop_cluster(folder)
