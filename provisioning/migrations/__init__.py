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
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from provisioning.store.engine import refusal
from provisioning.store.line import Ending
from provisioning.store.turns import BUSY_TIMEOUT_S, begin_writing

# any number; two processes that upgrade at once meet at this PostgreSQL advisory lock
_UPGRADE_LOCK: Final = 0x6B616769
_SQLITE: Final = "sqlite"


def upgrade(url: str) -> None:
    """Bring the database at `url` (as for Store) to the newest revision.

    Raises StoreUnavailable, and then everything is as it was; CommitUnanswered where that is not known: run it
    again.
    """
    with _own_turn(url) as connection:
        command.upgrade(configuration(connection), "head")


def current(url: str) -> str | None:
    """Revision of the database at `url`, None before the first. Raises StoreUnavailable.

    An upgrade that is under way is waited for: on SQLite as long as for any lock.
    """
    with _connection(url) as connection:
        revision = _revision(connection)
    if revision == newest():
        return revision
    with _own_turn(url) as connection:
        return _revision(connection)


def newest() -> str | None:
    """The revision this program was written for."""
    return ScriptDirectory.from_config(configuration(None)).get_current_head()


def configuration(connection: Connection | None) -> Config:
    """Alembic's configuration for one open connection; read by env.py."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _own_turn(url: str) -> Iterator[Connection]:
    """A transaction while nobody else upgrades, or asks whether somebody does."""
    with _connection(url, writes=True) as connection:
        if connection.dialect.name != _SQLITE:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
            # who waits longer for a table holds up everybody who comes after
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
        yield connection


@contextmanager
def _connection(url: str, *, writes: bool = False) -> Iterator[Connection]:
    engine, ending = create_engine(url), Ending()
    if make_url(url).get_backend_name() == _SQLITE:
        _prepare_sqlite(engine, writes=writes)
    try:
        with engine.begin() as connection:
            yield connection
            ending.is_committing = writes
    except OperationalError as error:
        raise refusal(error.orig, ending) from error
    except sqlite3.OperationalError as error:  # no turn to write came
        raise refusal(error, ending) from error
    finally:
        engine.dispose()


def _prepare_sqlite(engine: Engine, *, writes: bool) -> None:
    # foreign keys stay unenforced (SQLite's default) while batch operations rebuild tables
    event.listen(engine, "connect", _own_transactions)
    if writes:
        event.listen(engine, "begin", lambda connection: begin_writing(connection.connection, _SQLITE))
    else:
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))


def _own_transactions(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
