"""`kagiya bench pages`: server time of the staff console's pages over the books of a large institution.

The pages are asked for in this process, one after another, with no network between.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote

from sqlalchemy import text

from provisioning import migrations
from provisioning.cli.compose import OPERATOR, build_services
from provisioning.jobs.add_staff import AddStaffCommand, add_staff
from provisioning.rules.permissions import StaffRole
from provisioning.rules.roles import Role
from provisioning.services import Services
from provisioning.settings_file import load_settings
from provisioning.store.queries.search import SearchScope, search_customers
from tests.bench.books import BRANCHES, FIRST_USER_ID, enter_books
from tests.bench.databases import available, databases
from tests.bench.people import INSTITUTION
from tests.bench.servers import write_settings
from tests.fixtures.staff_sessions import session_of, sit_down
from tests.portal.visitor import BASE, Visitor
from web.app import create_app

CUSTOMERS: Final = 100_000
ROUNDS: Final = 40
MOST_MS: Final = 50

# parts of names that many, some and none have; the first and the last customer's user ID
PARTS: Final = ("鈴木", "スズキ", "河原", "ジュン", "子", "ン", "木 は", "ヨウコ", "zz", "存在しない")
_EXACT: Final = (str(FIRST_USER_ID), "KB-000003", "26000099")


@dataclass(frozen=True, slots=True)
class PageResult:
    """Milliseconds of one page, whatever was asked of it."""

    database: str
    page: str
    p50_ms: float
    p95_ms: float
    worst_ms: float


def measure_pages() -> list[PageResult]:
    """Measure on every database of this machine."""
    return [result for kind in available() for result in _measure(kind)]


def _measure(kind: str) -> Iterator[PageResult]:
    with _books(kind) as services:
        browser = _teller(services)
        for page, paths in _pages(services).items():
            for path in paths:
                _time_s(browser, path)
            yield _result(kind, page, [_time_s(browser, path) for path in islice(cycle(paths), ROUNDS)])


@contextmanager
def _books(kind: str) -> Iterator[Services]:
    roles = {Role.STAFF}
    with TemporaryDirectory(prefix="kagiya-bench-") as name, databases(kind, Path(name), "product") as (url,):
        Path(name).chmod(0o755)
        settings = load_settings(write_settings(Path(name) / "product", url), roles)
        migrations.upgrade(settings.store.url)
        services = build_services(settings, roles)
        try:
            enter_books(services, CUSTOMERS)
            with services.store.write_connection() as connection:
                connection.execute(text("ANALYZE"))
            yield services
        finally:
            services.store.close()


def _teller(services: Services) -> Visitor:
    """A teller of the first branch, signed in."""
    now = datetime.now(UTC)
    teller = AddStaffCommand(INSTITUTION, BRANCHES[0], "窓口", StaffRole.TELLER, OPERATOR)
    staff_id = add_staff(services, teller, now)
    browser = Visitor(create_app(services, {Role.STAFF}, lambda: datetime.now(UTC)))
    sit_down(browser, session_of(services, staff_id, now))
    return browser


def _pages(services: Services) -> Mapping[str, Sequence[str]]:
    customers = search_customers(services.store, SearchScope(INSTITUTION, BRANCHES[0]), str(FIRST_USER_ID)[:6])
    return {
        "search by a part of a name": [f"/staff/search/?q={quote(part)}" for part in PARTS],
        "search by a whole number": [f"/staff/search/?q={number}" for number in _EXACT],
        "search by the beginning of a user ID": [f"/staff/search/?q={str(FIRST_USER_ID)[:n]}" for n in (3, 9, 11)],
        "customer": [f"/staff/customers/{customer.id}/" for customer in customers],
        "work list": ["/staff/"],
        "programming list": ["/staff/programming/"],
        "stock": ["/staff/stock/"],
        "mails": ["/staff/mails/"],
        "stations": ["/staff/stations/"],
    }


def _time_s(browser: Visitor, path: str) -> float:
    begun = time.perf_counter()
    answer = browser.client.get(path, base_url=BASE)
    elapsed_s = time.perf_counter() - begun
    if answer.status_code not in (200, 303):
        raise RuntimeError(f"{path}: {answer.status_code}")
    return elapsed_s


def _result(kind: str, page: str, seconds: list[float]) -> PageResult:
    ms = sorted(round(1000 * one, 1) for one in seconds)
    return PageResult(kind, page, ms[len(ms) // 2], ms[int(len(ms) * 0.95)], ms[-1])
