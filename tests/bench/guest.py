"""`kagiya bench program --guest`: what tests.bench.program measures, in the guest on the real USB stack."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.bench.program import ProgramResult
from tests.guest.__main__ import TIMED_ARGUMENTS
from tests.guest.debian import GuestUnavailable
from tests.guest.machine import Ended, prepare, run

RESULTS_FILE: Final = "timed.json"
ROUNDS: Final = 3
"""By its own clock one is like another; more are for the disk, which has none."""


def measure_guest() -> list[ProgramResult]:
    """Every family, many fobs at once, and the makers' programs. Raises RuntimeError."""
    with TemporaryDirectory(prefix="kagiya-guest-") as name:
        results = Path(name)
        # what the guest says meanwhile is no result
        with redirect_stdout(sys.stderr):
            ended = _run(results)
        if ended.code != 0:
            raise RuntimeError(f"the guest ended with {ended.code}")
        lines = (results / RESULTS_FILE).read_text(encoding="utf-8").splitlines()
    return [ProgramResult(**json.loads(line)) for line in lines]


def _run(results: Path) -> Ended:
    arguments = [*TIMED_ARGUMENTS, f"--rounds={ROUNDS}"]
    try:
        return run(prepare(), arguments, results, counts=True)
    except GuestUnavailable as reason:
        raise RuntimeError(str(reason)) from None
