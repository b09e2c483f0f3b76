"""docs/security.md: every requirement once, where it is built, and tests that are there and have run."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from tests.fixtures.shown_rows import unshown
from tests.ground.requirements import rows

ROOT = Path(__file__).parents[2]
OUTSIDE = "tests/guest/"
"""What runs in the throw-away machine is not seen by this run."""


@cache
def names_in(file: str) -> set[str]:
    """Names of a file's tests, `Class::test` within a class."""
    found: set[str] = set()
    for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
    return {name for name in found if name.rpartition("::")[2].startswith("test_")}


def test_every_requirement_is_there_once_in_order() -> None:
    assert [row.number for row in rows()] == [f"R{number:02d}" for number in range(1, 78)]


def test_what_it_was_built_in_is_there() -> None:
    for row in rows():
        assert row.built or not row.is_met, row.number
        for name in row.built:
            assert (ROOT / name).exists(), (row.number, name)


def test_every_test_that_is_named_is_there_and_runs_here() -> None:
    for row in rows():
        assert row.shown_by or not row.is_met, row.number
        for name in row.shown_by:
            file, _, test = name.partition("::")
            assert Path(file).name.startswith("test_"), (row.number, name)
            assert not file.startswith(OUTSIDE), (row.number, name)
            assert test in names_in(file) if test else names_in(file), (row.number, name)


def test_a_row_is_shown_once_every_test_of_it_has_passed() -> None:
    passed = {name if "::" in name else f"{name}::test_it" for row in rows() for name in row.shown_by}
    assert unshown(rows(), passed) == []
    for name in {name for row in rows() for name in row.shown_by if "::" in name}:
        without = {one for one in passed if one != name}
        assert set(unshown(rows(), without)) >= {row.number for row in rows() if name in row.shown_by}
