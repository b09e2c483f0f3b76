"""Writes docs/licences.md from the packages' metadata; with `--check` fails where it is not what would be written.

Fails as well if a package's licence is not known, or is one that needs a reason (.ci/licences.toml) and has none.
"""

import re
import sys
import sysconfig
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, Final

from check_locks import locked
from packaging.utils import canonicalize_name

FILE: Final = Path("docs/licences.md")
TAKEN: Final = Path(".ci/licences.toml")
ONLYKEY: Final = ".venv/vendors/onlykey"
HEAD: Final = """# Licences of the packages that kagiya uses

Written by `.ci/licences.py` from the packages' own metadata and `.ci/licences.toml`. `make check` fails where it
is not up to date, where a licence is not known, and where one that asks for more than that its text is kept has no
reason beside it. Versions and hashes stand in `.ci/locks/` and in the bill of materials (`make supply`).
"""
WITH_IT: Final = """
## What it runs on and is packed with

Nothing of these is in kagiya's own package; `pip` installs each as its own.

"""
BESIDE_IT: Final = """
## What only tries it

Handed to nobody.

"""
COLUMNS: Final = "| package | licence | why we may use it so |\n| --- | --- | --- |\n"
NEEDS_NO_REASON: Final = re.compile(
    r"(MIT(-0|-CMU)?|BSD(-[23]-Clause)?|Apache-2\.0|ISC|PSF-2\.0|Unlicense|0BSD|Zlib|CC0-1\.0)( (OR|AND) |$)"
)
WRITTEN_OTHERWISE: Final = {
    "apache 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2 clause": "BSD-2-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd license": "BSD",
    "mit license": "MIT",
    "the unlicense (unlicense)": "Unlicense",
}


def main() -> int:
    """Print every finding and return the exit code."""
    taken = tomllib.loads(TAKEN.read_text(encoding="utf-8"))
    packages = installed((sysconfig.get_path("purelib"), ONLYKEY))
    run = locked("run")
    others = [name for lock in ("test", "vendors", "onlykey") for name in locked(lock) if name not in run]
    stands = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    tables = [list(_rows(sorted(set(names)), packages, taken, stands)) for names in (run, others)]
    text = HEAD + "".join(
        head + COLUMNS + "".join(f"| {name} | {told} | {why}{' |' if why else '|'}\n" for name, told, why in table)
        for head, table in zip((WITH_IT, BESIDE_IT), tables, strict=True)
    )
    found = [line for table in tables for row in table for line in findings(*row)]
    found += [f"{TAKEN}: {name} is in no lock" for name in taken if name not in {*run, *others}]
    if "--check" not in sys.argv:
        FILE.write_text(text, encoding="utf-8")
    elif text != stands:
        found.append(f"{FILE} is out of date: run .venv/bin/python .ci/licences.py")
    sys.stdout.writelines(f"{finding}\n" for finding in found)
    return 1 if found else 0


def installed(folders: Iterable[str]) -> dict[str, Distribution]:
    """What is installed, by name; the first folder's where several have it."""
    found: dict[str, Distribution] = {}
    for one in distributions(path=list(folders)):
        found.setdefault(str(canonicalize_name(one.name)), one)
    return found


def licence(package: Distribution) -> str:
    """As its metadata say, in SPDX's words where these are known; empty where they do not say."""
    told = package.metadata
    if told.get("License-Expression"):
        return str(told["License-Expression"])
    classifiers = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or [] if "License ::" in one]
    names = [str(told.get("License") or ""), *classifiers]
    known = [WRITTEN_OTHERWISE.get(name.lower(), name) for name in names if name and "\n" not in name]
    return next((name for name in known if NEEDS_NO_REASON.fullmatch(name)), known[0] if known else "")


def findings(name: str, licence: str, why: str) -> Iterator[str]:
    """What is to be settled before the package is used."""
    if not licence:
        yield f"{name}: no licence is known; write into {TAKEN} what its files say"
    elif not why and not all(NEEDS_NO_REASON.fullmatch(one) for one in re.split(r" (?:OR|AND) ", licence)):
        yield f"{name}: {licence} needs a reason in {TAKEN}"


def _rows(
    names: Iterable[str], packages: Mapping[str, Distribution], taken: Mapping[str, Any], stands: str
) -> Iterator[tuple[str, str, str]]:
    """A package that other systems need and this one lacks keeps its row."""
    for name in names:
        ours = taken.get(name, {})
        kept = re.search(rf"^\| {re.escape(name)} \| (.*?) \|", stands, re.MULTILINE)
        told = licence(packages[name]) if name in packages else kept[1] if kept else ""
        yield name, ours.get("licence", told), ours.get("why", "")


if __name__ == "__main__":
    sys.exit(main())
