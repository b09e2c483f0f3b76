"""`python -m tests.guest [ARGUMENTS OF PYTEST]`: the devices' tests on a real USB stack, in a throw-away guest."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from xml.etree import ElementTree

import click

from tests.guest.debian import GuestUnavailable
from tests.guest.machine import prepare, run

_TESTS: Final = "tests/guest/inside"


def main(arguments: list[str]) -> int:
    """0 if every test in the guest passed; a guest that cannot be made or does not end is a failure too."""
    begun_s = time.monotonic()
    try:
        guest = prepare()
        click.echo(f"guest: ready after {time.monotonic() - begun_s:.1f} s")
        with TemporaryDirectory(prefix="kagiya-guest-") as results:
            ended = run(guest, arguments or [_TESTS], Path(results))
            _tell(Path(results))
    except GuestUnavailable as reason:
        click.echo(f"guest: {reason}", err=True)
        return 1
    click.echo(f"guest: {ended.took_s:.0f} s, boot to end; exit code {ended.code}")
    return 1 if ended.code is None else ended.code


def _tell(results: Path) -> None:
    """How many tests, and the figures that they left."""
    junit = results / "junit.xml"
    if junit.exists():
        for suite in ElementTree.parse(junit).getroot().iter("testsuite"):
            told = ", ".join(f"{name} {suite.get(name)}" for name in ("tests", "failures", "errors", "skipped"))
            click.echo(f"guest: {told}")
    figures = results / "figures.txt"
    if figures.exists():
        click.echo(figures.read_text(encoding="utf-8"), nl=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
