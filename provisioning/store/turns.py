"""Whose turn it is to write. PostgreSQL settles that itself; SQLite lets one connection write at a time.

Left to itself SQLite polls its lock with pauses that grow to 100 ms, which costs far more than the writes
themselves as soon as two processes verify. So the threads of one process queue here, and the one whose
turn it is polls at the pace at which others finish.
"""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager, nullcontext
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import PoolProxiedConnection

BUSY_TIMEOUT_S: Final = 5.0
"""How long anybody waits for a lock before the database counts as locked."""

_POLL_S: Final = 0.0003
_SQLITE: Final = "sqlite"
_PRIMARY: Final = 0xFF


class ResultCode(IntEnum):
    """Primary result codes (sqlite.org), here by number: a process on PostgreSQL does not load the driver."""

    BUSY = 5
    LOCKED = 6
    IOERR = 10
    FULL = 13


def result_code(error: Exception) -> int | None:
    """The primary code in what SQLite's driver raised (extended ones keep it in their lowest byte), else None."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & _PRIMARY


def turns(backend: str) -> AbstractContextManager[object]:
    """What every writing transaction of one Store is held inside; `backend` is SQLAlchemy's name."""
    return _Queue() if backend == _SQLITE else nullcontext()


def begin_writing(raw: PoolProxiedConnection, backend: str) -> None:
    """Begin a transaction that will write. Raises the driver's OperationalError when locked for too long."""
    cursor = raw.cursor()
    if backend == _SQLITE:
        patiently(cursor, "BEGIN IMMEDIATE")
    else:
        cursor.execute("BEGIN")


def patiently(cursor: Any, statement: str) -> None:
    """Run what SQLite does not wait for a lock with, or not long. Raises as `begin_writing`."""
    cursor.execute("PRAGMA busy_timeout = 0")
    try:
        until = time.monotonic() + BUSY_TIMEOUT_S
        while not _done(cursor, statement, last=time.monotonic() >= until):
            time.sleep(_POLL_S)
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")


def _done(cursor: Any, statement: str, *, last: bool) -> bool:
    """True once no lock was in the way; at the `last` try a refusal is raised."""
    try:
        cursor.execute(statement)
    except Exception as error:  # the driver's own kinds are known where it is loaded; what is not "busy" goes on
        if last or result_code(error) != ResultCode.BUSY:
            raise
        return False
    return True


class _Queue:
    """The threads of this process, one after the other. Raises TimeoutError when no turn comes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=BUSY_TIMEOUT_S):
            raise TimeoutError

    def __exit__(self, *_: object) -> None:
        self._lock.release()
