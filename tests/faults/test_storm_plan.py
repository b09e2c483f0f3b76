"""The same seed gives the same work and the same faults, and every kind of fault has its turn."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults.storm.plan import NATURES, POSTGRESQL, SQLITE, make_plan


@pytest.mark.parametrize("database", [SQLITE, POSTGRESQL])
def test_a_seed_names_a_plan(database: str) -> None:
    assert make_plan(7, 500, database) == make_plan(7, 500, database)
    assert make_plan(7, 500, database) != make_plan(8, 500, database)


@pytest.mark.parametrize("database", [SQLITE, POSTGRESQL])
@pytest.mark.parametrize("faults", [1, 50, 500])
def test_as_many_faults_as_were_asked_for_each_kind_about_as_often(database: str, faults: int) -> None:
    plan = make_plan(1, faults, database)
    kinds = [kind for kind, nature in NATURES.items() if database in nature.databases]
    times = Counter(fault.kind for fault in plan.faults)
    assert sum(times.values()) == faults
    assert set(times) <= set(kinds)
    assert all(times[kind] >= faults // len(kinds) - 2 for kind in kinds)


def test_of_one_place_there_is_one_fault_at_a_time() -> None:
    for one in make_plan(3, 500, POSTGRESQL).rounds:
        places = [NATURES[fault.kind].place for fault in one.faults]
        assert len(set(places)) == len(places)
        assert len({turn.customer for turn in one.turns}) == len(one.turns)
