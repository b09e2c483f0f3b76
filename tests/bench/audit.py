"""`kagiya bench audit`: sealing and verifying the audit log, and acts beside a worker that seals a backlog."""

from __future__ import annotations

import multiprocessing
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Final

from provisioning import migrations
from provisioning.cli.compose import build_services, utc_now
from provisioning.jobs.seal_audit import seal_audit
from provisioning.jobs.verify_audit import VerifyAuditCommand, verify_audit
from provisioning.rules.roles import Role
from provisioning.services import Services
from provisioning.settings_file import load_settings
from tests.audit.log import write_entries, write_many
from tests.bench.databases import available, databases
from tests.bench.servers import write_settings

ENTRIES: Final = 100_000
_AT_ONCE: Final = 10_000
MOST_S_A_MILLION: Final = 60
ACTS_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class AuditResult:
    """One database's numbers; acts are transactions of one entry each, one after the other."""

    database: str
    sealed_per_second: int
    verified_s_a_million: float
    act_p50_ms: float
    act_p99_ms: float
    beside_sealing_p50_ms: float
    beside_sealing_p99_ms: float


def measure_audit(entries: int = ENTRIES, acts_s: float = ACTS_S) -> list[AuditResult]:
    """Measure on every database of this machine."""
    return [_measure(kind, entries, acts_s) for kind in available()]


def _measure(kind: str, entries: int, acts_s: float) -> AuditResult:
    with TemporaryDirectory(prefix="kagiya-bench-") as name, ExitStack() as open_now:
        folder = Path(name)
        folder.chmod(0o755)
        (url,) = open_now.enter_context(databases(kind, folder, "product"))
        settings_file = write_settings(folder / "product", url)
        migrations.upgrade(url)
        services = _services(settings_file)
        open_now.callback(services.store.close)
        now = utc_now()
        _write(services, entries, now)
        alone = _acts(services, now, acts_s)
        sealer = multiprocessing.get_context("spawn").Process(target=_seal_all, args=(settings_file,))
        sealer.start()
        beside = _acts(services, now, acts_s)
        sealer.join()
        _write(services, entries, now)
        begun = time.monotonic()
        sealed = _seal(services)
        per_second = sealed / (time.monotonic() - begun)
        begun = time.monotonic()
        verified = verify_audit(services, VerifyAuditCommand()).size
        million_s = (time.monotonic() - begun) * 1_000_000 / verified
        times = [round(value, 2) for pair in (alone, beside) for value in pair]
        return AuditResult(kind, round(per_second), round(million_s, 1), *times)


def _services(settings_file: Path) -> Services:
    return build_services(load_settings(settings_file, {Role.BANK}), {Role.BANK})


def _write(services: Services, entries: int, now: datetime) -> None:
    for _ in range(0, entries, _AT_ONCE):
        write_many(services, min(entries, _AT_ONCE), now)


def _seal(services: Services) -> int:
    sealed = 0
    while found := seal_audit(services, utc_now()):
        sealed += found
    return sealed


def _seal_all(settings_file: Path) -> None:
    """A worker's process."""
    services = _services(settings_file)
    _seal(services)
    services.store.close()


def _acts(services: Services, now: datetime, seconds: float) -> tuple[float, float]:
    """Median and 99th percentile of acts for so long, in ms."""
    times: list[float] = []
    until = time.monotonic() + seconds
    while (begun := time.monotonic()) < until or len(times) < 2:
        write_entries(services, [len(times)], now)
        times.append((time.monotonic() - begun) * 1000)
    return median(times), quantiles(times, n=100)[98]
