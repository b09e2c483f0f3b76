"""`python -m tests.guest [WHAT]`: the devices' tests on a real USB stack, in a throw-away guest.

WHAT is `real-time`: two guests side by side, for a guest has one processor and a machine more; or `timed`: one,
whose clock counts instructions and so does not care who else is at work; or arguments of pytest. Without it,
everything runs.
"""

from __future__ import annotations

import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from xml.etree import ElementTree

import click

from tests.guest.bank import open_bank
from tests.guest.debian import GuestUnavailable
from tests.guest.machine import Guest, prepare, run
from tests.guest.stock import PROJECT

_TESTS: Final = "tests/guest/inside"
TIMED: Final = f"{_TESTS}/timed"
TIMED_ARGUMENTS: Final = (TIMED, "--timeout=0")
"""A clock that leaps is no measure of what hangs; `tests.guest.machine` ends such a guest."""
_FIRST: Final = tuple(f"{_TESTS}/test_{name}.py" for name in ("many", "unplugging"))
"""About half of all the work."""


def main(arguments: list[str]) -> int:
    """0 if every test in the guests passed; a guest that cannot be made or does not end is a failure too."""
    begun_s = time.monotonic()
    try:
        guest = prepare()
        click.echo(f"guest: ready after {time.monotonic() - begun_s:.1f} s")
        shares = _shares(arguments)
        with ThreadPoolExecutor(len(shares)) as pool:
            labels = [f"{number}| " if len(shares) > 1 else "" for number in range(1, len(shares) + 1)]
            codes = list(pool.map(lambda share, label: _run(guest, share, label), shares, labels))
    except GuestUnavailable as reason:
        click.echo(f"guest: {reason}", err=True)
        return 1
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = f"{time.monotonic() - begun_s:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of processor time"
    click.echo(f"guest: {'failed' if any(codes) else 'passed'} after {times}")
    return int(any(codes))


def _shares(arguments: list[str]) -> list[list[str]]:
    """pytest's arguments for each guest."""
    match arguments:
        case ["timed"]:
            return [list(TIMED_ARGUMENTS)]
        case ["real-time"]:
            return [list(_FIRST), _others()]
        case []:
            return [*_shares(["real-time"]), *_shares(["timed"])]
        case _:
            return [arguments]


def _others() -> list[str]:
    inside = PROJECT / _TESTS
    found = [str(file.relative_to(PROJECT)) for file in sorted(inside.rglob("test_*.py"))]
    return [name for name in found if name not in _FIRST and not name.startswith(TIMED)]


def _run(guest: Guest, arguments: list[str], label: str) -> int:
    with TemporaryDirectory(prefix="kagiya-guest-") as name, open_bank() as port:
        results = Path(name)
        (results / "bank").write_text(str(port), encoding="utf-8")
        ended = run(guest, arguments, results, label, counts=arguments[0].startswith(TIMED))
        _tell(results, label)
    click.echo(f"{label}guest: {ended.took_s:.0f} s from boot to end, exit code {ended.code}")
    return 1 if ended.code is None else ended.code


def _tell(results: Path, label: str) -> None:
    """How many tests, and the figures that they left."""
    junit = results / "junit.xml"
    if junit.exists():
        for suite in ElementTree.parse(junit).getroot().iter("testsuite"):
            told = ", ".join(f"{name} {suite.get(name)}" for name in ("tests", "failures", "errors", "skipped"))
            click.echo(f"{label}guest: {told}")
    figures = results / "figures.txt"
    if figures.exists():
        for line in figures.read_text(encoding="utf-8").splitlines():
            click.echo(f"{label}{line}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
