"""`python -m tests.vendors.table` writes the tables of docs/devices.md anew, from what the tests say they show.

Each module of such tests names in PROFILE or PROFILES the models that it puts before the program.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Final

from devices.profile_files import load_profiles
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
_MAKES: Final[Mapping[Program, str]] = {
    Program.YUBIKIT: "yubikey-",
    Program.PYTHON_YUBICO: "yubikey-",
    Program.YKMAN: "yubikey-",
    Program.LIBNITROKEY: "nitrokey-",
    Program.ONLYKEY: "onlykey",
}
"""Programs of makers of devices, and how the profiles of what they make begin. All others only carry our bytes."""
FAMILIES: Final = ("molto2", "yubikey-otp", "ykoath", "nitrokey-pro", "flipper-totp", "onlykey")


class Grade(StrEnum):
    """What stands behind a model's protocol, the best first. None has met real hardware."""

    MAKER_USB = "its maker's program, on the guest's USB stack"
    MAKER = "its maker's program, in a test's own process"
    OTHER_MAKER = "another maker's program, in a test's own process"
    CARRIED = "our own vectors, by programs of other people"
    OWN = "our own vectors"


@dataclass(frozen=True, slots=True)
class Shown:
    """One statement of one test, about these models."""

    profiles: tuple[str, ...]
    family: str
    program: Program
    way: Way
    what: str


def statements() -> tuple[Shown, ...]:
    """Everything that tests with vendors' programs show, in the order of the tests."""
    return tuple(
        Shown(_profiles(module), family, program, way, what)
        for package, way in WAYS.items()
        for module in _modules(package)
        for family, program, *rest in _marks(module)
        for what in rest
    )


def table(shown: Sequence[Shown]) -> str:
    """What each program did with each family's device."""
    lines = ["| emulated device | program | reaches it through | shown |", "| --- | --- | --- | --- |"]
    for family in FAMILIES:
        for program in Program:
            for way in Way:
                found = [
                    each.what for each in shown if (each.family, each.program, each.way) == (family, program, way)
                ]
                if found:
                    lines.append(f"| `{family}` | {_named(program)} | {way} | {', '.join(dict.fromkeys(found))} |")
    return "\n".join(lines) + "\n"


def grades(shown: Sequence[Shown]) -> dict[str, Grade]:
    """By profile."""
    best = list(Grade)
    return {
        profile.name: min(
            (_grade(profile.name, each) for each in shown if profile.name in each.profiles),
            key=best.index,
            default=Grade.OWN,
        )
        for profile in load_profiles()
    }


def evidence(shown: Sequence[Shown]) -> str:
    """The table of grades."""
    titles = {profile.name: profile.device.title for profile in load_profiles()}
    rows = [f"| `{name}` | {titles[name]} | {grade} | nothing yet |" for name, grade in grades(shown).items()]
    head = ["| profile | device | evidence | on real hardware |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows]) + "\n"


def made(shown: Sequence[Shown]) -> str:
    """All that stands between the two remarks, with them."""
    return f"{BEGIN}{evidence(shown)}\n{table(shown)}{END}"


def parts(document: str) -> tuple[str, str, str]:
    """Before the tables, the tables, behind them."""
    before, _, rest = document.partition(BEGIN)
    held, _, after = rest.partition(END)
    return before, BEGIN + held + END, after


def _grade(profile: str, shown: Shown) -> Grade:
    made_by = _MAKES.get(shown.program)
    if made_by is None:
        return Grade.CARRIED
    if not profile.startswith(made_by):
        return Grade.OTHER_MAKER
    return Grade.MAKER_USB if shown.way is Way.USB else Grade.MAKER


def _profiles(module: ModuleType) -> tuple[str, ...]:
    named: tuple[str, ...] = getattr(module, "PROFILES", ())
    return named or (module.PROFILE,)


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
    DOCUMENT.write_text(before + made(statements()) + after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
