"""What the guest is made of, fetched and built once and kept outside the project, by the content of its lists."""

from __future__ import annotations

import fcntl
import os
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).resolve().parents[2]
LISTS: Final = Path(__file__).with_name("packages.toml")
LOCKS: Final = PROJECT / ".ci/locks"


def lists() -> dict[str, list[str]]:
    """The lists of packages.toml."""
    told: dict[str, Any] = tomllib.loads(LISTS.read_text(encoding="utf-8"))
    return told


def stock_folder() -> Path:
    """Where everything is kept: the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(cache) / "kagiya" / "guest"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def alone() -> Iterator[None]:
    """One builder at a time."""
    with (stock_folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def built(name: str, sources: tuple[str, ...], build: Callable[[Path], None]) -> Path:
    """The folder `name` made by `build` from `sources`, for this process to use until it ends.

    Older ones of that name are thrown away, but those that another process uses.
    """
    key = sha256("\0".join(sources).encode()).hexdigest()[:12]
    folder = stock_folder() / f"{name}-{key}"
    if not folder.exists():
        unfinished = stock_folder() / f"{name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        _build(unfinished, build)
        for old in stock_folder().glob(f"{name}-*"):
            if _lock(old, fcntl.LOCK_EX):
                shutil.rmtree(old)
        unfinished.rename(folder)
    _lock(folder, fcntl.LOCK_SH)
    return folder


def _build(folder: Path, build: Callable[[Path], None]) -> None:
    """The guest has other people than the one outside: they may read it, whatever the umask."""
    before = os.umask(0o022)
    try:
        folder.mkdir()
        build(folder)
    finally:
        os.umask(before)


def _lock(folder: Path, how: int) -> bool:
    """Held by this process from now on; False if another one holds it otherwise."""
    try:
        fcntl.flock(os.open(folder, os.O_RDONLY), how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
