"""The stock page by page: every fob once, in order, and never a walk through the entire drawer."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.engine import Store
from provisioning.store.queries.stock import FobKey, Stock, StockFilter, stock
from provisioning.store.tables import Fob, new_id
from tests.fixtures.databases import listening, sqlite_only
from tests.fixtures.people import NOON

BOTH_BRANCHES = ("本店", "駅前支店")


def fill(services: Services, count: int) -> None:
    """`count` fobs, in turn at both branches; every third is in use. Small letters sort after capitals."""
    rows = [
        {
            "id": new_id(), "institution_id": "dual", "branch": BOTH_BRANCHES[number % 2], "generation": 0,
            "serial": f"{'kf' if number % 5 == 0 else 'KF'}-{number:05d}", "profile": "kagiya-fob-hid",
            "numbering": "kagiya-fob-hid", "model": "Kagiya Fob", "firmware": "1.0.0",
            "first_seen_at": NOON, "changed_at": NOON,
            "state": FobState.IN_USE if number % 3 == 0 else FobState.IN_STOCK,
        }
        for number in range(count)
    ]  # fmt: skip
    with services.store.write() as tx:
        tx.execute(insert(Fob), rows)


def walk(store: Store, **wanted: object) -> list[Stock]:
    """Every page, from the first to the last."""
    pages = [stock(store, "dual", StockFilter(**wanted))]  # type: ignore[arg-type]
    while pages[-1].after is not None:
        pages.append(stock(store, "dual", StockFilter(after=pages[-1].after, **wanted)))  # type: ignore[arg-type]
    return pages


@pytest.mark.parametrize(
    "wanted", [{}, {"branch": "本店"}, {"state": FobState.IN_USE}, {"branch": "本店", "state": FobState.IN_STOCK}]
)
def test_every_fob_stands_on_one_page(services: Services, wanted: dict[str, object]) -> None:
    fill(services, 61)
    pages = walk(services.store, limit=10, **wanted)
    serials = [fob.serial for page in pages for fob in page.fobs]
    assert serials == sorted(set(serials))
    counts = pages[0].counts
    states = [wanted["state"]] if "state" in wanted else list(FobState)
    assert len(serials) == sum(counts[FobState(str(state))] for state in states)
    assert [len(page.fobs) for page in pages[:-1]] == [10] * (len(pages) - 1)
    assert pages[0].before is None


def test_the_way_back_shows_the_same_pages(services: Services) -> None:
    fill(services, 25)
    pages = walk(services.store, limit=10)
    back = [pages[-1]]
    while (before := back[-1].before) is not None:
        back.append(stock(services.store, "dual", StockFilter(before=before, limit=10)))
    assert [page.fobs for page in back] == [page.fobs for page in reversed(pages)]
    assert back[0].after is None


def test_a_serial_is_found_by_its_beginning(services: Services) -> None:
    fill(services, 120)
    found = stock(services.store, "dual", StockFilter(serial_start="KF-0001"))
    assert [fob.serial for fob in found.fobs] == [f"KF-000{number}" for number in range(11, 20) if number % 5]
    assert stock(services.store, "dual", StockFilter(serial_start="KF-%")).fobs == ()
    assert stock(services.store, "other", StockFilter()).fobs == ()


@sqlite_only
@pytest.mark.parametrize("branch", [None, "本店"])
@pytest.mark.parametrize("state", [None, FobState.IN_STOCK])
def test_no_page_reads_or_sorts_the_entire_drawer(
    services: Services, branch: str | None, state: FobState | None
) -> None:
    fill(services, 3)
    asked: list[tuple[str, Any]] = []
    with listening(services.store, "before_cursor_execute", lambda *call: asked.append((call[2], call[3]))):
        stock(services.store, "dual", StockFilter(branch=branch, state=state, after=FobKey("KF-00001", "")))
    plans = []
    with services.store.engine.connect() as connection:
        for statement, values in [call for call in asked if call[0].startswith("SELECT")]:
            plans += [row[3] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, values)]
    assert any("ix_fob_" in step for step in plans)
    assert not [step for step in plans if step.startswith("SCAN") or "TEMP B-TREE" in step]
