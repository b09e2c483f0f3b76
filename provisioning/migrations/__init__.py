"""Bringing a database to the newest schema, and telling where it stands.

The database is named by its address alone; there is no alembic.ini. A whole upgrade is one transaction
on both databases: either everything was applied or nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from provisioning.errors import StoreUnavailable
from provisioning.store.engine import fault_of

# any number; two processes that upgrade at once meet at this PostgreSQL advisory lock
_UPGRADE_LOCK: Final = 0x6B616769


def upgrade(url: str) -> None:
    """Bring the database at `url` (as for Store) to the newest revision. Raises StoreUnavailable."""
    with _connection(url) as connection:
        command.upgrade(configuration(connection), "head")


def current(url: str) -> str | None:
    """Revision of the database at `url`, None before the first. Raises StoreUnavailable."""
    with _connection(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision this program was written for."""
    return ScriptDirectory.from_config(configuration(None)).get_current_head()


def configuration(connection: Connection | None) -> Config:
    """Alembic's configuration for one open connection; read by env.py."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    if make_url(url).get_backend_name() == "sqlite":
        # foreign keys stay unenforced (SQLite's default) while batch operations rebuild tables
        event.listen(engine, "connect", _own_transactions)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
            yield connection
    except OperationalError as error:
        raise StoreUnavailable(fault_of(error.orig)) from error
    finally:
        engine.dispose()


def _own_transactions(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
