"""`python -m tests.mutation [MODULE …] [--jobs N]`: every mutant of these modules against their tests, on SQLite.

Each runs in a process of its own, forked from one that has imported everything but the product, which is imported
anew with the one module changed. One that no test notices must stand in survivors.toml with the reason why nobody
could notice it; one that stands there and is noticed, or is no more, must leave. Either makes the exit code 1.

Why not mutmut: it leaves alone what stands outside of functions and what is decorated, which here is the tables of
states and permissions, the SQL that decides, and every property.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.abc
import importlib.machinery
import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings

from tests.mutation.operators import Mutant, mutants
from tests.mutation.targets import TARGETS, Target

SURVIVORS: Final = Path(__file__).parent / "survivors.toml"
_HEAVY: Final = (
    "alembic.command", "argon2", "cryptography.hazmat.primitives.hpke", "flask", "flask_babel", "flask_wtf",
    "httpx", "joserfc.jwe", "psycopg", "pyotp", "sqlalchemy.orm", "sqlalchemy.dialects.sqlite", "structlog",
    "webauthn", "hypothesis.stateful", "pytest_mock",
)  # fmt: skip
_LONGEST_S: Final = 300
_OPTIONS: Final = (
    "-x", "-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "not postgresql",
    "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning",
)  # fmt: skip
_NOTICED: Final = 1


@dataclass(frozen=True, slots=True)
class Result:
    """`survived`: the keys that no test noticed."""

    module: str
    tried: int
    survived: frozenset[str]


def main(arguments: list[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("modules", nargs="*")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    chosen = [one for one in TARGETS if not given.modules or one.module in given.modules]
    for name in _HEAVY:
        importlib.import_module(name)
    known = tomllib.loads(SURVIVORS.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        template = _prepare(Path(folder))
        results = [_run(target, given.jobs, template) for target in chosen]
    wrong = [line for result in results for line in _unexpected(result, known.get(result.module, {}))]
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    return int(bool(wrong))


def _run(target: Target, jobs: int, template: Path) -> Result:
    source = Path(*target.module.split(".")).with_suffix(".py")
    found = _mutants(target, source)
    if not _passes(target, None, template):
        sys.exit(f"the tests of {target.module} fail without any change")
    began = time.monotonic()
    survived = frozenset(mutant.key for mutant in _survivors(target, found, jobs, template))
    result = Result(target.module, len(found), survived)
    noticed = result.tried - len(survived)
    sys.stdout.write(
        f"{target.module:34} {noticed:4} of {result.tried:4} noticed in {time.monotonic() - began:5.0f} s\n"
    )
    sys.stdout.flush()
    return result


def _survivors(target: Target, found: Sequence[Mutant], jobs: int, template: Path) -> list[Mutant]:
    """So many at once, each in its process."""
    survived: list[Mutant] = []
    running: dict[int, Mutant] = {}
    waiting = list(reversed(found))
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[_fork(target, mutant, template)] = mutant
        pid, status = os.wait()
        mutant = running.pop(pid)
        if os.waitstatus_to_exitcode(status) == 0:
            survived.append(mutant)
            sys.stdout.write(f"  survived: {target.module}:{mutant.number}: {mutant.key}\n")
            sys.stdout.flush()
    return survived


def _passes(target: Target, mutant: Mutant | None, template: Path) -> bool:
    _, status = os.waitpid(_fork(target, mutant, template), 0)
    return status == 0


def _fork(target: Target, mutant: Mutant | None, template: Path) -> int:
    """The process's number; its exit code is 0 where the tests pass."""
    pid = os.fork()
    if pid:
        return pid
    signal.alarm(_LONGEST_S)  # a change that never ends is noticed, too
    if mutant is not None:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
    code = _NOTICED
    try:
        code = _test(target, mutant, template)
    finally:
        os._exit(code)


def _test(target: Target, mutant: Mutant | None, template: Path) -> int:
    if mutant is not None:
        sys.meta_path.insert(0, _Changed(target.module, mutant))
    phases = (Phase.explicit, Phase.generate)
    hypothesis_settings.register_profile("mutation", derandomize=True, database=None, phases=phases, deadline=None)
    hypothesis_settings.load_profile("mutation")
    migrations: Any = importlib.import_module("provisioning.migrations")
    migrations.upgrade = lambda url, *_: shutil.copyfile(template, url.removeprefix("sqlite:///"))
    with tempfile.TemporaryDirectory() as folder:
        return int(pytest.main([*_OPTIONS, "--basetemp", f"{folder}/t", *target.tests]))


def _prepare(folder: Path) -> Path:
    """A migrated database, made once, in a process whose imports do no harm to this one."""
    template = folder / "template.db"
    pid = os.fork()
    if not pid:
        importlib.import_module("provisioning.migrations").upgrade(f"sqlite:///{template}")
        os._exit(0)
    os.waitpid(pid, 0)
    return template


def _mutants(target: Target, source: Path) -> list[Mutant]:
    """Made in this process, without leaving the product imported in it."""
    before = set(sys.modules)
    module = importlib.import_module(target.module)
    found = list(mutants(source.read_text(encoding="utf-8"), module))
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("provisioning", "devices", "web"):
            del sys.modules[name]
    return found


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module as the mutant has it."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        self._name, self._mutant = name, mutant

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Only of that name."""
        return importlib.machinery.ModuleSpec(name, self) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        """The changed tree."""
        code = compile(self._mutant.tree, f"<mutant of {self._name}>", "exec")
        exec(code, module.__dict__)


def _unexpected(result: Result, reasons: dict[str, str]) -> list[str]:
    unknown = [f"{result.module}: nobody notices: {key}" for key in result.survived if key not in reasons]
    gone = [f"{result.module}: noticed, or no more: {key}" for key in reasons if key not in result.survived]
    return unknown + gone


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
