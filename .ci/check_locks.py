"""Fails if the locks do not hold what pyproject.toml asks for, each with hashes, the same in both (R73)."""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS: Final = Path(".ci/locks")
PINNED: Final = re.compile(
    r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)[^\n]*((?:\n    --hash=sha256:[0-9a-f]{64}[ \\]*)*)", re.M
)
EXTRAS: Final = {"run": ("demo", "build", "hsm"), "test": ("demo", "build", "hsm", "test")}
GROUPS: Final = ("vendors", "onlykey", "supply")


def main() -> int:
    """Print every finding and return the exit code."""
    file = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    project, groups = file["project"], file["dependency-groups"]
    found = [finding for name in EXTRAS for finding in _findings(name, _asked(project, EXTRAS[name]))]
    found += [finding for name in GROUPS for finding in _findings(name, map(Requirement, groups[name]))]
    run, test = (_pins(name)[0] for name in ("run", "test"))
    found += [
        f"{name}: {version} in run.txt, {test.get(name)} in test.txt"
        for name, version in run.items()
        if test.get(name) != version
    ]
    sys.stdout.writelines(f"{finding}\n" for finding in found)
    return 1 if found else 0


def _findings(name: str, wanted: Iterable[Requirement]) -> list[str]:
    pins, unhashed = _pins(name)
    found = [f"{name}.txt: {package} has no hash" for package in unhashed]
    if re.search(r"https?://|^-(?!-hash)", (LOCKS / f"{name}.txt").read_text(encoding="utf-8"), re.M):
        found.append(f"{name}.txt: holds an address or an option")
    for asked in wanted:
        version = pins.get(canonicalize_name(asked.name))
        if version is None or version not in asked.specifier:
            found.append(f"{name}.txt: {asked} is asked for, {version} is locked: run .ci/lock")
    return found


def _asked(project: dict[str, Any], extras: tuple[str, ...]) -> list[Requirement]:
    texts = list(project["dependencies"])
    for extra in extras:
        texts += project["optional-dependencies"][extra]
    return [asked for asked in map(Requirement, texts) if asked.marker is None or asked.marker.evaluate()]


def locked(name: str) -> list[str]:
    """Names of the packages in a lock."""
    return sorted(_pins(name)[0])


def _pins(name: str) -> tuple[dict[str, str], list[str]]:
    """Locked versions by name, and the names without a hash."""
    matches = list(PINNED.finditer((LOCKS / f"{name}.txt").read_text(encoding="utf-8")))
    pins = {str(canonicalize_name(match[1])): match[2] for match in matches}
    return pins, [match[1] for match in matches if not match[3].strip()]


if __name__ == "__main__":
    sys.exit(main())
