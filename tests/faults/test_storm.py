"""Fifty random faults under real work, on both databases; `make faults` has hundreds (R71)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.faults.nursery import Nursery
from tests.faults.storm.books import RULES, violations
from tests.faults.storm.books.evidence import gather
from tests.faults.storm.database import PostgresqlDatabase, SqliteDatabase
from tests.faults.storm.plan import POSTGRESQL, SQLITE, make_plan
from tests.faults.storm.planted import PLANTED, unseen
from tests.faults.storm.run import Storm, storm

SEED: Final = 20261127
FAULTS: Final = 25


def test_on_sqlite_and_no_violation_would_go_unseen(
    tmp_path: Path, nursery: Nursery, sqlite_template: Path
) -> None:
    database = SqliteDatabase(tmp_path, sqlite_template)
    with storm(make_plan(SEED, FAULTS, SQLITE), tmp_path, database, nursery) as over:
        _check(over)
        assert {rule for _, rule in PLANTED} == set(RULES.values())
        assert unseen(over, tmp_path) == []


def test_on_postgresql(tmp_path: Path, nursery: Nursery) -> None:
    with storm(make_plan(SEED, FAULTS, POSTGRESQL), tmp_path, PostgresqlDatabase(), nursery) as over:
        _check(over)


def _check(over: Storm) -> None:
    assert violations(gather(over.house.services, over.house.directory, over.ledger)) == {}
    assert len(over.ledger.troubles) == FAULTS
    # and it was one: work was done, and much of it while something was broken
    assert sum(bool(one.meanwhile) for one in over.ledger.attempts) > FAULTS
    assert sum(one.is_accepted for one in over.ledger.attempts) > 2 * FAULTS
