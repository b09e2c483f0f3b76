"""The floor: a bare Flask endpoint that does one conditional UPDATE and one INSERT in one commit.

It runs on the same WSGI server with the same processes, threads and store settings as `kagiya serve`, and
does nothing else, so no verification can be quicker than this. Started as a program:

    python -m tests.bench.floor URL PORT WORKERS THREADS
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, jsonify, request
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, bindparam, insert, update

from provisioning.cli.wsgi import serve_processes
from provisioning.store.engine import Store

ROWS: Final = 6000
_METADATA: Final = MetaData()
_STATE: Final = Table(
    "floor_state",
    _METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_step", BigInteger),
    Column("failures", Integer),
)
_LOG: Final = Table(
    "floor_log",
    _METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", BigInteger),
    Column("subject", String(32), index=True),
    Column("act", String(48)),
    Column("mac", LargeBinary(32)),
)
_UPDATE: Final = (
    update(_STATE)
    .where(_STATE.c.id == bindparam("row"), _STATE.c.last_step < bindparam("step"))
    .values(last_step=bindparam("step"), failures=0)
)
_INSERT: Final = insert(_LOG)


def prepare(url: str) -> None:
    """Make the two tables and the rows."""
    store = Store(url)
    with store.write_connection() as connection:
        _METADATA.create_all(connection)
        connection.execute(insert(_STATE), [{"id": row, "last_step": -1, "failures": 0} for row in range(ROWS)])
    store.close()


def load(url: str) -> Callable[..., Any]:
    """The bare application; `/bare` answers without touching the database."""
    store = Store(url)
    app = Flask("floor")

    @app.post("/floor")
    def floor() -> Any:
        asked = request.get_json()
        with store.write_connection() as connection:
            changed = connection.execute(_UPDATE, {"row": asked["row"], "step": asked["step"]}).rowcount
            connection.execute(
                _INSERT, {"at": asked["step"], "subject": str(asked["row"]), "act": "floor", "mac": bytes(32)}
            )
        return jsonify(outcome="accepted" if changed else "refused")

    @app.get("/bare")
    def bare() -> Any:
        return jsonify(outcome="accepted")

    return app


if __name__ == "__main__":
    address, port, workers, threads = sys.argv[1], *map(int, sys.argv[2:5])
    serve_processes(lambda: load(address), ("127.0.0.1", port), workers=workers, threads=threads)
