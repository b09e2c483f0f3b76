"""A shop of devices that take their time, and what a run leaves for the end."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.bench.guest import RESULTS_FILE
from tests.bench.program import ProgramResult
from tests.guest.inside.emulator import Emulator
from tests.guest.inside.figures import RESULTS, tell
from tests.guest.inside.timed.shop import Shop
from tests.guest.pace import times_the_machine


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long to measure."""
    parser.addoption("--rounds", type=int, default=1, help="Of so many rounds the best counts.")


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """At least so many."""
    return int(request.config.getoption("--rounds"))


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One process for all its devices, which take the wire's time and their own."""
    with wide_awake():
        tell(f"this guest's processor takes {times_the_machine(RESULTS):.1f} times as long as the machine's")
        emulator = Emulator(tmp_path_factory.mktemp("rig"), "--pace", "1")
        opened = Shop(emulator)
    yield opened
    emulator.close()


@contextmanager
def wide_awake() -> Iterator[None]:
    """For the loading of programs: a processor that always has something to do lets the clock not leap."""
    idler = subprocess.Popen(["nice", "-n", "19", "sh", "-c", "while :; do :; done"])
    try:
        yield
    finally:
        idler.kill()
        idler.wait()


def keep(result: ProgramResult) -> None:
    """For the table, and in words."""
    with (RESULTS / RESULTS_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(dataclasses.asdict(result)) + "\n")
    how = f"{result.devices} at once" if result.devices > 1 else "alone"
    needed = f"wire {result.wire_s} s, device {result.work_s} s, processor {result.processor_s} s"
    of = f"{result.of_needed} of wire and device"
    one = f", {result.times_one} times one alone" if result.times_one else ""
    theirs = f"; {result.program} {result.program_s} s" if result.program else ""
    tell(f"{result.what}, {how}: {result.seconds} s ({needed}): {of}{one}{theirs}")
