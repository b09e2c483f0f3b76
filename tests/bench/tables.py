"""Results as Markdown tables, for people and for docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.bench.audit import MOST_S_A_MILLION, AuditResult
from tests.bench.machine import Machine
from tests.bench.pages import CUSTOMERS, MOST_MS, PageResult
from tests.bench.program import LEAST_TIMES_ONE, MOST_OF_NEEDED, ProgramResult
from tests.bench.setup import SetupResult
from tests.bench.stock import ImportResult
from tests.bench.timing import MOST_FROM_EVEN, TimingResult
from tests.bench.vault import VaultResult
from tests.bench.verify import LEAST_OF_FLOOR, MOST_MIB, MOST_READY_S, Speed, VerifyResult
from tests.bench.wsgi import ServerResult


def as_text(machine: Machine, results: dict[str, list[Any]]) -> str:
    """Every result under its heading, with the machine's size above."""
    size = f"{machine.cores} cores ({machine.processor}), {machine.memory_gib} GiB"
    parts = [f"{size}, {machine.system}, Python {machine.python}"]
    tables: dict[str, Callable[[Any], str]] = {
        "servers": _servers,
        "verify": _verify,
        "setup": _setup,
        "import": _import,
        "program": _program,
        "guest": _program,
        "pages": _pages,
        "audit": _audit,
        "vault": _vault,
        "timing": _timing,
    }
    return "\n\n".join([*parts, *(tables[name](rows) for name, rows in results.items())])


def _verify(rows: list[VerifyResult]) -> str:
    head = ("database", "", "req/s", "p50 ms", "p95 ms", "p99 ms", f"of the floor (≥ {LEAST_OF_FLOOR})")
    lines = []
    for row in rows:
        lines += [
            _speed(row.database, "verify", row.verify, f"{row.of_floor:.2f}"),
            _speed("", "floor", row.floor, ""),
        ]
    memory = ("database", f"two workers, RSS MiB (< {MOST_MIB})", "PSS MiB", f"ready, s (≤ {MOST_READY_S})")
    sizes = [(row.database, row.workers.rss_mib, row.workers.pss_mib, row.ready_s) for row in rows]
    return f"{_table(head, lines)}\n\n{_table(memory, sizes)}"


def _speed(database: str, what: str, speed: Speed, ratio: str) -> tuple[Any, ...]:
    return (database, what, speed.per_second, speed.p50_ms, speed.p95_ms, speed.p99_ms, ratio)


def _servers(rows: list[ServerResult]) -> str:
    head = ("WSGI server", "bare req/s", "UPDATE and INSERT req/s", "p99 ms", "two workers, RSS MiB", "PSS MiB")
    lines = []
    for row in rows:
        memory = (row.workers.rss_mib, row.workers.pss_mib)
        lines.append((row.server, row.bare_per_second, row.write_per_second, row.write_p99_ms, *memory))
    return _table(head, lines)


def _setup(rows: list[SetupResult]) -> str:
    head = ("database", "apps set up /s", "p50 ms", "p95 ms")
    return _table(head, [(row.database, row.per_second, row.p50_ms, row.p95_ms) for row in rows])


def _vault(rows: list[VaultResult]) -> str:
    head = ("key in a", "verified warm, µs", "verified cold, µs", "data key unwrapped, µs")
    return _table(head, [(row.key, row.verify_warm_us, row.verify_cold_us, row.unwrap_us) for row in rows])


def _import(rows: list[ImportResult]) -> str:
    head = ("database", "fobs", "file, MiB", "dry run, s", "import, s", "fobs /s")
    lines = [(row.database, row.keys, row.file_mib, row.dry_run_s, row.import_s, row.per_second) for row in rows]
    return _table(head, lines)


def _timing(rows: list[TimingResult]) -> str:
    head = ("database", "face", "what is sent", "median, ms", f"odds of the longer time (0.5 ± {MOST_FROM_EVEN})")
    return _table(head, [(row.database, row.face, row.kind, row.median_ms, row.odds) for row in rows])


def _program(rows: list[ProgramResult]) -> str:
    head = (
        "devices",
        "",
        "transfers",
        "s",
        "s on the wire",
        "s in the device",
        "s of processors",
        f"of wire and device (≤ {MOST_OF_NEEDED})",
        f"of one (≥ {LEAST_TIMES_ONE})",
        "by the maker's program",
    )
    return _table(head, [_device(row) for row in rows])


def _device(row: ProgramResult) -> tuple[Any, ...]:
    times = (row.seconds, row.wire_s, row.work_s, row.processor_s, row.of_needed, row.times_one or "")
    theirs = f"{row.program_s} s ({row.program})" if row.program else ""
    return (row.what, row.devices, row.transfers, *times, theirs)


def _pages(rows: list[PageResult]) -> str:
    head = ("database", f"page, with {CUSTOMERS:,} customers", f"p50 ms (≤ {MOST_MS})", "p95 ms", "worst ms")
    return _table(head, [(row.database, row.page, row.p50_ms, row.p95_ms, row.worst_ms) for row in rows])


def _audit(rows: list[AuditResult]) -> str:
    head = (
        "database",
        "sealed /s",
        f"verified, s a million (≤ {MOST_S_A_MILLION})",
        "act p50 ms",
        "p99 ms",
        "beside sealing p50 ms",
        "p99 ms",
    )
    return _table(head, [tuple(getattr(row, name) for name in row.__slots__) for row in rows])


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    cells = [list(head), ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)
