"""A new database is opened by all of a server's processes at once (R62)."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from provisioning import migrations
from provisioning.store.engine import Store

OPENERS = 6
ROUNDS = 20


def look(url: str) -> str | None:
    """What each process does first; the mode of the journal."""
    migrations.current(url)
    with closing(Store(url)) as store, store.read_connection() as connection:
        return connection.execute(text("PRAGMA journal_mode")).scalar()


def test_who_opens_it_waits_for_who_turns_it_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    migrations.upgrade(url)
    with (
        closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None, check_same_thread=False)) as other,
        closing(Store(url)) as store,
    ):
        other.execute("BEGIN IMMEDIATE")
        over = threading.Timer(0.3, other.execute, ["ROLLBACK"])
        over.start()
        with store.read_connection() as connection:
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        over.join()


def test_all_open_it_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(OPENERS) as openers:
        for number in range(ROUNDS):
            url = f"sqlite:///{tmp_path}/{number}.db"
            with closing(sqlite3.connect(tmp_path / f"{number}.db")) as new:
                new.execute("CREATE TABLE something (id)")
            assert list(openers.map(look, [url] * OPENERS)) == ["wal"] * OPENERS
