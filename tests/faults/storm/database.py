"""The database of a storm, and the ways in which it can be broken."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg

from provisioning import migrations
from tests.fixtures.postgresql import start_cluster

_ROOM_BYTES = 4096


class Database(Protocol):
    """What a storm needs of a database."""

    url: str

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """While it is held nobody can write."""

    def fill(self, pids: Iterable[int]) -> contextlib.AbstractContextManager[None]:
        """While it is held the disk is full for the processes `pids`, or for what serves them."""

    def close(self) -> None:
        """Nothing of it is left running."""


class SqliteDatabase:
    """One file."""

    def __init__(self, directory: Path, template: Path | None = None) -> None:
        """A copy of a migrated `template`, or a fresh one."""
        self.file = directory / "kagiya.db"
        self.url = f"sqlite:///{self.file}"
        if template is None:
            migrations.upgrade(self.url)
        else:
            shutil.copyfile(template, self.file)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Another program writes and does not end."""
        with closing(sqlite3.connect(self.file, isolation_level=None, timeout=10)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    @contextmanager
    def fill(self, pids: Iterable[int]) -> Iterator[None]:
        """No file of these processes grows any further than its log has grown now."""
        log = self.file.with_name("kagiya.db-wal")
        with _limited(pids, (log.stat().st_size if log.exists() else 0) + _ROOM_BYTES):
            yield

    def close(self) -> None:
        """A file needs no end."""


class PostgresqlDatabase:
    """A server of its own, for it is restarted and killed."""

    def __init__(self) -> None:
        self._cluster = start_cluster()
        self.url = self._cluster.url("storm")
        with self._connect("postgres") as connection:
            connection.execute("CREATE DATABASE storm")
        migrations.upgrade(self.url)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Another program holds every row that a code is judged by."""
        try:
            with self._connect(autocommit=False) as other:
                other.execute("LOCK TABLE credential IN EXCLUSIVE MODE")
                yield
                other.rollback()
        except psycopg.OperationalError:  # restarted meanwhile
            return

    @contextmanager
    def fill(self, pids: Iterable[int]) -> Iterator[None]:
        """No file grows that the database's processes for our programs write to, its journal included."""
        del pids
        backends = self._backends()
        self._cluster.limit_files(backends, _ROOM_BYTES)
        yield
        self._cluster.limit_files(backends, None)

    def cut(self) -> None:
        """Every connection ends, whatever it was doing."""
        with self._connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = 'storm' AND pid <> pg_backend_pid()"
            )

    def crash(self, which: int) -> None:
        """One of its processes is killed, and so it begins anew from its journal."""
        backends = self._backends()
        if backends:
            with contextlib.suppress(ProcessLookupError):
                os.kill(backends[which % len(backends)], signal.SIGKILL)

    def restart(self, *, immediately: bool) -> None:
        """Stopped and started."""
        self._cluster.restart("immediate" if immediately else "fast")

    def close(self) -> None:
        """The server ends, and its files with it."""
        self._cluster.stop()

    def _backends(self) -> list[int]:
        query = (
            "SELECT pid FROM pg_stat_activity "
            "WHERE datname = 'storm' AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        with self._connect() as connection:
            return [row[0] for row in connection.execute(query)]

    def _connect(self, database: str = "storm", *, autocommit: bool = True) -> psycopg.Connection:
        address = self._cluster.url(database).replace("+psycopg", "")
        return psycopg.connect(address, autocommit=autocommit, connect_timeout=10)


@contextmanager
def _limited(pids: Iterable[int], size: int) -> Iterator[None]:
    """Files of these processes end at `size` bytes, as on a disk that is full."""
    before = {}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            before[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[pid][1]))
    yield
    for pid, limits in before.items():
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
