"""The locked Python packages for the guest's Python, and beside them the programs of the devices' makers."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.guest.root import compile_sources, program, python_environment, python_name
from tests.guest.stock import LISTS, LOCKS, built, lists

_QUIET: Final = ("--no-input", "--root-user-action=ignore", "--disable-pip-version-check", "-qq")
_PINNED: Final = ("--no-deps", "--require-hashes")
VENDORS: Final = {"vendors": ".", "onlykey": "vendors/onlykey"}
"""Locks beyond the tests' own, and where below the guest's Python packages they go: pyproject.toml tells why."""


def guest_python(root: Path) -> Path:
    """The folder of packages."""
    sources = (LISTS, Path(__file__), *(LOCKS / f"{name}.txt" for name in ("test", *VENDORS)))
    texts = [file.read_text(encoding="utf-8") for file in sources]
    return built("python", (*texts, python_name(root)), lambda folder: _build(folder, root))


def _build(folder: Path, root: Path) -> None:
    names = lists()
    left_out = set(names["python_left_out"])
    tests = (LOCKS / "test.txt").read_text(encoding="utf-8")
    _install(folder, root, _chosen(tests, left_out))
    # what both locks have, they have in the same version
    left_out |= _entries(tests)
    for name, place in VENDORS.items():
        lock = _chosen((LOCKS / f"{name}.txt").read_text(encoding="utf-8"), left_out)
        unbuilt = set(names[f"{name}_without_wheel"])
        _install(folder / place, root, _chosen(lock, unbuilt))
        _build_here(folder / place, _chosen(lock, _entries(lock) - unbuilt))
    compile_sources(root, folder)


def _install(folder: Path, root: Path, lock: str) -> None:
    """What has a wheel, by the guest's Python."""
    file = folder / "lock.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(lock, encoding="utf-8")
    pip = ["-m", "pip", "install", *_QUIET, *_PINNED, "--only-binary=:all:", "--no-compile"]
    pip += ["--target", str(folder), "-r", str(file)]
    environment = python_environment(root) | {"PYTHONPATH": sysconfig.get_paths()["purelib"]}
    subprocess.run(program(root, f"usr/bin/{python_name(root)}", *pip), env=environment, check=True)


def _build_here(folder: Path, lock: str) -> None:
    """Packages of pure Python that have no wheel, by this Python."""
    with TemporaryDirectory() as name:
        file = Path(name) / "lock.txt"
        file.write_text(lock, encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", *_QUIET, *_PINNED, "--no-build-isolation", "--no-compile"]
        subprocess.run([*pip, "--target", str(folder), "-r", str(file)], check=True)


def _entries(lock: str) -> set[str]:
    """Names in a lock."""
    return set(re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==", lock, re.M))


def _chosen(lock: str, without: set[str]) -> str:
    """The lock without some packages; an entry is a line that begins with a name, and what is indented below."""
    kept, keep = [], True
    for line in lock.splitlines(keepends=True):
        if line[:1].isalnum():
            keep = not _entries(line) & without
        if keep:
            kept.append(line)
    return "".join(kept)
