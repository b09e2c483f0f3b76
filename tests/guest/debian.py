"""Debian packages without installing them: planned and fetched by apt-get as an ordinary user, unpacked by tar."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

_FIELDS: Final = 3
MERGED: Final = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
"""Folders that are links into /usr on every Debian of today."""


class GuestUnavailable(Exception):
    """The guest cannot be made or started here; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package file in the archives folder."""

    file: Path

    @property
    def name(self) -> str:
        """As apt knows it."""
        return self.file.name.partition("_")[0]

    @property
    def version(self) -> str:
        """Debian's version."""
        return unquote(self.file.name.split("_")[1])


def fetch(names: Iterable[str], folder: Path) -> tuple[Package, ...]:
    """The packages and everything they depend on, downloaded to `folder`/archives. Raises GuestUnavailable."""
    try:
        return _fetch(names, folder, [])
    except GuestUnavailable:
        # the machine's own lists may be missing or too old: have a set of our own
        lists = folder / "lists"
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        options = [f"Dir::State::lists={lists}"]
        _apt(folder, options, "update", "-q")
        return _fetch(names, folder, options)


def unpack(packages: Iterable[Package], root: Path) -> None:
    """All files of the packages, without their scripts, with /usr merged."""
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    for package in packages:
        extract(package, root)


def extract(package: Package, root: Path, *members: str) -> None:
    """A package's files, or only those below `members` (as `./folder`)."""
    told = f"dpkg-deb --fsys-tarfile {shlex.quote(str(package.file))}"
    wanted = " ".join(shlex.quote(member) for member in members)
    tar = f"tar -x -p --no-same-owner --keep-directory-symlink -C {shlex.quote(str(root))} {wanted}"
    subprocess.run(["bash", "-o", "pipefail", "-c", f"{told} | {tar}"], check=True)


def _fetch(names: Iterable[str], folder: Path, options: list[str]) -> tuple[Package, ...]:
    wanted = ["-y", "-q", "--no-install-recommends"]
    plan = _apt(folder, options, *wanted, "--print-uris", "install", *names)
    _apt(folder, options, *wanted, "--download-only", "install", *names)
    return tuple(Package(folder / "archives" / name) for name in _files(plan))


def _files(plan: str) -> Iterator[str]:
    """`'ADDRESS' FILE SIZE HASH` for each package."""
    for line in plan.splitlines():
        parts = line.split()
        if line.startswith("'") and len(parts) >= _FIELDS:
            yield parts[1]


def _apt(folder: Path, options: list[str], *words: str) -> str:
    """apt-get as if nothing were installed, with a folder of its own for archives."""
    (folder / "archives/partial").mkdir(parents=True, exist_ok=True)
    own = ["Dir::State::status=/dev/null", f"Dir::Cache::archives={folder / 'archives'}", "Debug::NoLocking=1"]
    own += [f"Dir::Cache::{name}=" for name in ("pkgcache", "srcpkgcache")]
    settings = [part for option in (*own, *options) for part in ("-o", option)]
    try:
        done = subprocess.run(["apt-get", *settings, *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise GuestUnavailable("the guest is made of Debian packages, and there is no apt-get here") from None
    if done.returncode:
        raise GuestUnavailable(f"apt-get {words[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
