"""`kagiya bench servers`: two WSGI servers before the same bare endpoints (docs/decisions, 5)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from tests.bench import floor as bare
from tests.bench.load import LoadResult, get, run_load
from tests.bench.machine import Memory, children, memory_of
from tests.bench.servers import Server, floor, floor_on_gunicorn
from tests.bench.verify import CONNECTIONS, floor_requests, is_accepted

ROUNDS: Final = 3
ROUND_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class ServerResult:
    """Medians over the rounds; `bare` answers at once, `write` does the floor's UPDATE and INSERT."""

    server: str
    bare_per_second: float
    write_per_second: float
    write_p99_ms: float
    workers: Memory


def measure_servers() -> list[ServerResult]:
    """granian and gunicorn in turn, two processes with two threads each, SQLite."""
    with TemporaryDirectory(prefix="kagiya-bench-") as name, ExitStack() as open_now:
        folder = Path(name)
        servers: dict[str, Server] = {}
        for kind, start in (("granian", floor), ("gunicorn gthread", floor_on_gunicorn)):
            url = f"sqlite:///{folder / kind.split()[0]}.db"
            bare.prepare(url)
            servers[kind] = open_now.enter_context(start(url, folder / "log"))
        steps = iter(range(1, 10**9))
        rounds = [{kind: _round(server, steps) for kind, server in servers.items()} for _ in range(ROUNDS)]
        return [_result(kind, server, [one[kind] for one in rounds]) for kind, server in servers.items()]


def _round(server: Server, steps: Iterator[int]) -> tuple[LoadResult, LoadResult]:
    at_once = run_load(server.port, repeat(get("/bare")), is_accepted, connections=CONNECTIONS, seconds=ROUND_S)
    write = run_load(server.port, floor_requests(steps), is_accepted, connections=CONNECTIONS, seconds=ROUND_S)
    return at_once, write


def _result(kind: str, server: Server, rounds: list[tuple[LoadResult, LoadResult]]) -> ServerResult:
    return ServerResult(
        server=kind,
        bare_per_second=round(median(at_once.per_second for at_once, _ in rounds), 1),
        write_per_second=round(median(write.per_second for _, write in rounds), 1),
        write_p99_ms=round(median(write.percentile_ms(99) for _, write in rounds), 2),
        workers=memory_of(children(server.pid)),
    )
