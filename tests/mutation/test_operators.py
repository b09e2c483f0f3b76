"""The tool itself: each kind of change is made, each in one place, and the source's own words are left alone."""

from __future__ import annotations

import ast
import tomllib
from enum import Enum
from types import ModuleType

import pytest

from tests.mutation.__main__ import SURVIVORS
from tests.mutation.operators import mutants
from tests.mutation.targets import TARGETS


class Colour(Enum):
    """Of nothing."""

    RED = 1
    BLUE = 2


MODULE = ModuleType("invented")
vars(MODULE)["Colour"] = Colour


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("a < b", {"a <= b"}),
        ("a is None", {"a is not None"}),
        ("0 <= a < 3", {"0 < a < 3", "0 <= a <= 3", "1 <= a < 3", "0 <= a < 4"}),
        ("a and not b", {"a or not b", "a and b"}),
        ("a + 1", {"a - 1", "a + 2"}),
        ("min(a, b)", {"max(a, b)", "pass"}),
        ("Colour.RED in x", {"Colour.BLUE in x", "Colour.RED not in x"}),
        ("{a, b} | c", {"{a, b}", "{a} | c", "{b} | c"}),
        ("b if a else c", {"b if True else c", "b if False else c"}),
        ("raise ValueError", {"pass"}),
        ("x: int = True", {"x: int = False"}),
        ("f('UPDATE t SET n = 0, WHERE a < 1')", {"pass"}),
        ("'words that are none of a statement'", set()),
        ("from a import b", set()),
    ],
)
def test_changes(line: str, changed: set[str]) -> None:
    found = {ast.unparse(mutant.tree) for mutant in mutants(line, MODULE)}
    if "UPDATE" in line:
        assert {"f('UPDATE t SET n <> 0, WHERE a < 1')", "f('UPDATE t SET n = 0, WHERE a <= 1')"} <= found
    else:
        assert found == changed


def test_a_function_returns_nothing() -> None:
    source = 'def f(a: int = 1) -> int:\n    """Words."""\n    return a\n'
    assert {mutant.key for mutant in mutants(source, MODULE)} == {
        "def f(a: int = 1) -> int: | 1 → 2",
        "return a | returns None",
    }


def test_no_two_changes_have_one_name() -> None:
    keys = [mutant.key for mutant in mutants("a = 1 + 1 + 1\n", MODULE)]
    assert len(keys) == len(set(keys)) == 5


def test_every_reason_is_of_a_module_that_is_mutated() -> None:
    reasons = tomllib.loads(SURVIVORS.read_text(encoding="utf-8"))
    assert set(reasons) <= {target.module for target in TARGETS}
    assert all(reason.strip() for module in reasons.values() for reason in module.values())
