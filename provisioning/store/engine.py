"""The database: one engine, and transactions that say at their start whether they write.

Drivers begin nothing by themselves here; every BEGIN is ours. On SQLite a transaction that reads first
and writes later fails with a stale snapshot, so `write` takes the lock at once (BEGIN IMMEDIATE); on
PostgreSQL writing runs at READ COMMITTED. Reading sees one moment on both, however many statements it makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from provisioning.errors import CommitUnanswered, StoreConflict, StoreFault, StoreUnavailable
from provisioning.store.line import Ending, Line
from provisioning.store.turns import BUSY_TIMEOUT_S, ResultCode, begin_writing, patiently, result_code, turns

_POSTGRESQL: Final = {
    "lock_timeout": int(BUSY_TIMEOUT_S * 1000),
    # a page looks a thousand rows up by their keys: reading whole tables instead, or compiling, gains nothing
    "random_page_cost": 1.1,
    "jit": "off",
}
_BEGIN_READING: Final = {"sqlite": "BEGIN", "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ"}
_WRITES: Final = "kagiya_writes"
_ALONE: Final = "kagiya_alone"

_BY_CODE: Final[dict[int, StoreFault]] = {
    ResultCode.BUSY: StoreFault.LOCKED,
    ResultCode.LOCKED: StoreFault.LOCKED,
    ResultCode.FULL: StoreFault.FULL,
    ResultCode.IOERR: StoreFault.FULL,
}
# PostgreSQL's lock_not_available, deadlock_detected, serialization_failure, disk_full
_BY_STATE: Final = {
    "55P03": StoreFault.LOCKED,
    "40P01": StoreFault.LOCKED,
    "40001": StoreFault.LOCKED,
    "53100": StoreFault.FULL,
}
_CONFLICTS: Final = frozenset({"40P01", "40001"})
# PostgreSQL's connection exceptions, and its own end by an operator or a crash
_CUT_OFF: Final = ("08", "57P")


class Store:
    """Access to one database. Safe to share between threads; not across a fork."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        """`url` is an SQLAlchemy address, `sqlite:///FILE` or `postgresql+psycopg://…`."""
        self.engine = _engine(url, pool_size)
        self._writing = self.engine.execution_options(**{_WRITES: True})
        self._alone = self.engine.execution_options(**{_ALONE: True})
        self._turn = turns(self.engine.dialect.name)
        driver = self.engine.dialect.loaded_dbapi
        # PostgreSQL counts writing to a read-only copy as internal
        self._driver_refusals: tuple[type[Exception], ...] = (driver.OperationalError, driver.InternalError)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking at one moment; whatever it changes is dropped. Raises StoreUnavailable."""
        with self._translated(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls everything back. Raises StoreUnavailable."""
        ending = Ending()
        with (
            self._translated(ending),
            self._turn,
            Session(self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session
            session.flush()
            ending.is_committing = True

    @contextmanager
    def read_connection(self) -> Iterator[Connection]:
        """For single SELECTs, each standing alone: no transaction is begun. Raises StoreUnavailable."""
        with self._translated(), self._alone.connect() as connection:
            yield connection

    @contextmanager
    def write_connection(self) -> Iterator[Connection]:
        """As `write`, without the unit of work."""
        ending = Ending()
        with self._translated(ending), self._turn, self._writing.begin() as connection:
            yield connection
            ending.is_committing = True

    @contextmanager
    def line(self) -> Iterator[Line]:
        """A line for the verification core's few statements. Raises StoreUnavailable."""
        ending = Ending()
        with self._translated(ending), closing(self.engine.raw_connection()) as raw:
            yield Line(raw, self.engine.dialect.name, self._turn, ending)

    @contextmanager
    def _translated(self, ending: Ending | None = None) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InternalError) as error:
            raise refusal(error.orig, ending) from error
        except self._driver_refusals as error:  # from the driver's own cursor, or while it connects
            refused = refusal(error, ending)
            if (
                refused.fault is StoreFault.UNREACHABLE
            ):  # after a restart every pooled connection is as dead as this one
                self.engine.dispose()
            raise refused from error
        except (PoolTimeout, TimeoutError) as error:  # no connection became free, or no turn came
            raise StoreUnavailable(StoreFault.LOCKED) from error

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def import_driver(url: str) -> None:
    """Import what a Store of this address needs; before a fork, so that the processes share it."""
    make_url(url).get_dialect().import_dbapi()


def _engine(url: str, pool_size: int) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(
            url, pool_size=pool_size, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_S}
        )
        event.listen(engine, "connect", _prepare_sqlite)
    else:
        options = " ".join(f"-c {name}={value}" for name, value in _POSTGRESQL.items())
        engine = create_engine(url, pool_size=pool_size, hide_parameters=True, connect_args={"options": options})
        event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    # the first to open a new database turn it over, several at once; of these SQLite refuses all but one
    patiently(connection.cursor(), "PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    connection.autocommit = True


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(_WRITES, False):
        begin_writing(connection.connection, connection.dialect.name)
    elif not options.get(_ALONE, False):
        connection.connection.cursor().execute(_BEGIN_READING[connection.dialect.name])


def refusal(error: Any, ending: Ending | None) -> StoreUnavailable:
    """What a driver's error means for a transaction that had come so far."""
    fault, state = fault_of(error), getattr(error, "sqlstate", None)
    if state in _CONFLICTS:
        return StoreConflict(fault)
    is_open = ending is not None and ending.is_committing and _may_be_done(result_code(error), state)
    return CommitUnanswered(fault) if is_open else StoreUnavailable(fault)


def _may_be_done(code: int | None, state: str | None) -> bool:
    """Whether what failed in this way while it committed may have been done all the same.

    SQLite rolls back in this connection and says so. But where the flush of its log failed, the commit stands
    there whole: whoever next recovers the database, after all have closed it or died, finds it done. A full disk
    (FULL) or a lock (BUSY) keeps the commit itself out of the log.
    """
    if code is not None:
        return code == ResultCode.IOERR
    return state is None or state.startswith(_CUT_OFF)


def fault_of(error: Any) -> StoreFault:
    """Why a driver refused; told by codes, for servers speak many languages."""
    state: str | None = getattr(error, "sqlstate", None)
    found = _BY_STATE.get(state or "") or _BY_CODE.get(result_code(error) or 0)
    return found or StoreFault.UNREACHABLE
