"""`python -m tests.vendors.table` writes the table of docs/devices.md anew, from what the tests say they show."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Final

from tests.vendors.debian import VERSIONS
from tests.vendors.shown import MARK, Program

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = ROOT / "docs/devices.md"
BEGIN: Final = "<!-- made by `python -m tests.vendors.table` -->\n"
END: Final = "<!-- as far as here -->\n"


class Way(StrEnum):
    """How the program reached the emulated device."""

    USB = "the guest's USB stack"
    IN_PROCESS = "its own seam, no USB"


WAYS: Final = {"tests.guest.inside.programs": Way.USB, "tests.vendors": Way.IN_PROCESS}
_LOCKED: Final = {
    Program.YUBIKIT: ("vendors", "yubikey-manager"),
    Program.YKMAN: ("vendors", "yubikey-manager"),
    Program.PYTHON_YUBICO: ("vendors", "python-yubico"),
    Program.GMSSL: ("vendors", "gmssl"),
    Program.ONLYKEY: ("onlykey", "onlykey"),
}
_OF_DEBIAN: Final = {
    Program.PCSC: "pcscd {pcscd}, libccid {libccid} and pyscard {python3-pyscard}",
    Program.LIBNITROKEY: "libnitrokey {libnitrokey3}",
    Program.TIO: "tio {tio}",
    Program.SOCAT: "socat {socat}",
}
FAMILIES: Final = ("molto2", "yubikey-otp", "ykoath", "nitrokey-pro", "flipper-totp", "onlykey")


@dataclass(frozen=True, slots=True)
class Shown:
    """One statement of one test."""

    family: str
    program: Program
    way: Way
    what: str


def statements() -> tuple[Shown, ...]:
    """Everything that tests with vendors' programs show, in the order of the tests."""
    return tuple(
        Shown(family, program, way, what)
        for package, way in WAYS.items()
        for module in _modules(package)
        for family, program, *rest in _marks(module)
        for what in rest
    )


def table(shown: Sequence[Shown]) -> str:
    """The table, between its two remarks."""
    lines = ["| emulated device | program | reaches it through | shown |", "| --- | --- | --- | --- |"]
    for family in FAMILIES:
        for program in Program:
            for way in Way:
                found = [
                    each.what for each in shown if (each.family, each.program, each.way) == (family, program, way)
                ]
                if found:
                    lines.append(f"| `{family}` | {_named(program)} | {way} | {', '.join(dict.fromkeys(found))} |")
    return BEGIN + "\n".join(lines) + "\n" + END


def parts(document: str) -> tuple[str, str, str]:
    """Before the table, the table, behind it."""
    before, _, rest = document.partition(BEGIN)
    held, _, after = rest.partition(END)
    return before, BEGIN + held + END, after


def _modules(package: str) -> Iterator[ModuleType]:
    for file in sorted((ROOT / package.replace(".", "/")).glob("test_*.py")):
        yield importlib.import_module(f"{package}.{file.stem}")


def _marks(module: ModuleType) -> Iterator[tuple[str, Program, str]]:
    for value in vars(module).values():
        for mark in getattr(value, "pytestmark", ()):
            if mark.name == MARK:
                yield mark.args


def _named(program: Program) -> str:
    if program in _OF_DEBIAN:
        return f"{_OF_DEBIAN[program].format_map(VERSIONS)} of Debian"
    lock, package = _LOCKED[program]
    text = (ROOT / f".ci/locks/{lock}.txt").read_text(encoding="utf-8")
    (version,) = re.findall(rf"^{package}==(\S+)", text, re.M)
    return f"{program} {version}"


def main() -> int:
    """Write it."""
    before, _, after = parts(DOCUMENT.read_text(encoding="utf-8"))
    DOCUMENT.write_text(before + table(statements()) + after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
