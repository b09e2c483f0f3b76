"""docs/manuals.md: a row for every line of the five manuals, and a test that has run behind each."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from provisioning.institutions import load_institutions
from tests.browser.manuals.table import FILE, rows
from tests.fixtures.shown_rows import unshown

ROOT = Path(__file__).parents[2]


def test_every_manual_has_its_rows_in_order() -> None:
    by_manual = {
        manual: [row.number for row in group] for manual, group in groupby(rows(), lambda row: row.manual)
    }
    assert list(by_manual) == ["000", "001", "002", "003", "004"]
    for manual, numbers in by_manual.items():
        assert numbers == [f"{manual}-{line:02d}" for line in range(1, len(numbers) + 1)]
    assert len(rows()) > 150


def test_every_shipped_institution_is_one_of_them() -> None:
    text = FILE.read_text(encoding="utf-8")
    for name in load_institutions():
        assert f"(`{name}`)\n" in text


def test_every_row_has_a_test_that_is_there_or_a_reason() -> None:
    for row in rows():
        assert row.walked or row.tests or row.reason, row.number
        for name in row.tests:
            file, _, test = name.partition("::")
            assert f"def {test}" in (ROOT / file).read_text(encoding="utf-8"), row.number


def test_a_row_is_shown_once_all_that_it_names_has_passed() -> None:
    passed = {
        f"tests/browser/manuals/test_{number}_x.py::test_walk" for number in ("000", "001", "002", "003", "004")
    }
    named = {f"{name}::test" for row in rows() for name in row.tests if "::" not in name}
    named |= {name for row in rows() for name in row.tests if "::" in name}
    assert unshown(rows(), passed | named) == []
    assert {number[:3] for number in unshown(rows(), named)} == {"000", "001", "002", "003", "004"}
    missing = next(name for row in rows() for name in row.tests)
    without = {one for one in passed | named if not one.startswith(missing)}
    assert unshown(rows(), without) == [row.number for row in rows() if missing in row.tests]
