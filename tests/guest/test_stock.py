"""What the guest is made of, kept between runs: built once, and never taken from under somebody who uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.guest.stock import PROJECT, built

_USER: Final = """
import sys
from tests.guest.stock import built
print(built("root", ("first",), lambda folder: (folder / "file").write_text("1")), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def user() -> Iterator[subprocess.Popen[str]]:
    """Another process that uses what was built first, until nobody talks to it any more."""
    words = [sys.executable, "-c", _USER]
    with subprocess.Popen(words, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def build(content: str) -> Path:
    return built("root", (content,), lambda folder: _write(folder / "file", content))


def _write(file: Path, content: str) -> None:
    file.write_text(content)


def test_what_another_process_uses_stays_until_it_ends(user: subprocess.Popen[str]) -> None:
    assert user.stdout is not None
    first = Path(user.stdout.readline().strip())
    second = build("second")
    assert (first / "file").read_text() == "1"
    assert (second / "file").read_text() == "second"
    user.communicate()
    build("third")
    assert not first.exists()


def test_it_is_built_once_and_anybody_may_read_it() -> None:
    before = os.umask(0o077)
    try:
        folder = build("first")
    finally:
        os.umask(before)
    assert (folder.stat().st_mode & 0o777, (folder / "file").stat().st_mode & 0o777) == (0o755, 0o644)
    (folder / "file").write_text("kept")
    assert (build("first") / "file").read_text() == "kept"
