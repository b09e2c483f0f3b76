"""What is run again after a conflict is one transaction and nothing beside it (R72); read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from provisioning import jobs

Name = tuple[str, str]
"""Of a function: its module's and its own."""

RUNS: Final = "provisioning.jobs."


def test_nothing_that_is_run_again_runs_another_that_is() -> None:
    # what the other one has committed would be done a second time
    calls, retried = read_jobs()
    assert len(retried) > 80
    assert [(name, sorted(found)) for name in sorted(retried) if (found := reached(name, calls) & retried)] == []


def reached(name: Name, calls: dict[Name, set[Name]]) -> set[Name]:
    """Every function of a job that `name` comes to."""
    found: set[Name] = set()
    waiting = list(calls[name])
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(calls.get(one, ()))
    return found


def read_jobs() -> tuple[dict[Name, set[Name]], set[Name]]:
    """What each function calls among the jobs, and the functions that are run again."""
    calls, retried = {}, set()
    for file in sorted(Path(jobs.__file__).parent.glob("*.py")):
        tree = ast.parse(file.read_text())
        known = dict(_known(file.stem, tree))
        for function in tree.body:
            if isinstance(function, ast.FunctionDef):
                name = (file.stem, function.name)
                named = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
                calls[name] = {known[one] for one in named & known.keys()} - {name}
                if any(isinstance(mark, ast.Name) and mark.id == "retried" for mark in function.decorator_list):
                    retried.add(name)
    return calls, retried


def _known(module: str, tree: ast.Module) -> Iterator[tuple[str, Name]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(RUNS):
            for one in node.names:
                yield one.asname or one.name, (str(node.module).removeprefix(RUNS), one.name)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, (module, node.name)
