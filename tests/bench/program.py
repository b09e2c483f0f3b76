"""`kagiya bench program`: time per fob through agent, driver and emulator, beside its reports on the wire.

The emulated host controller fetches one report in each polling interval, so reports × interval is what no
driver can beat; the rest is ours: cryptography on both sides, threads, waiting without need.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from devices.agent import StationAgent
from devices.attach import Desk
from devices.contract import JobResult, Poll, ProgramJob, Progress, Work
from devices.links import Transport
from devices.links.serial import SerialBus
from devices.profile_files import load_profiles
from devices.seed_box import SeedBox
from tests.devices.memory_server import KEY, STATION, program_job
from tests.rig.buses import RigHidBus
from tests.rig.clock import RigClock
from tests.rig.drawer import Drawer, NewFob, Port
from tests.rig.wire.hid_port import POLLING_INTERVAL_S

FOBS: Final = 4
ROUNDS: Final = 3
MOST_OF_WIRE: Final = 1.3
_LIMIT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """Medians per fob. `wire_s`: reports × polling interval; `of_wire`: time over that."""

    what: str
    fobs: int
    reports: int
    seconds: float
    wire_s: float | None
    of_wire: float | None


class _Timed:
    """The server's side: gives each job out once and notes when its result is here."""

    def __init__(self) -> None:
        self.jobs: list[ProgramJob] = []
        self.given_at: dict[str, float] = {}
        self.taken_at: dict[str, float] = {}
        self.failed: list[JobResult] = []
        self._news = threading.Condition()

    def poll(self, _poll: Poll) -> Work:
        jobs, self.jobs = tuple(self.jobs), []
        self.given_at |= {job.job_id: time.perf_counter() for job in jobs}
        return Work(jobs, int(time.time()))

    def progress(self, job_id: str, progress: Progress) -> None:
        """Nobody looks."""

    def result(self, job_id: str, result: JobResult) -> None:
        with self._news:
            self.taken_at[job_id] = time.perf_counter()
            self.failed += [result] if result.receipt is None else []
            self._news.notify_all()

    def wait(self, job_ids: list[str]) -> None:
        with self._news:
            here = self._news.wait_for(lambda: self.taken_at.keys() >= set(job_ids), _LIMIT_S)
        if not here or self.failed:
            raise RuntimeError(f"a fob was not written: {self.failed}")

    def seconds(self, job_id: str) -> float:
        return self.taken_at[job_id] - self.given_at[job_id]


def measure_program() -> list[ProgramResult]:
    """One fob after another, and all at once, over HID; one after another over serial. Raises RuntimeError."""
    with TemporaryDirectory(prefix="kagiya-bench-") as name:
        hid = [NewFob(f"KF-9{number:05d}", Transport.HID) for number in range(FOBS)]
        serial = [NewFob(f"KF-8{number:05d}", Transport.SERIAL) for number in range(2)]
        clock = RigClock(Path(name))
        drawer = Drawer(Path(name), clock, [*hid, *serial])
        server = _Timed()
        buses = (RigHidBus(drawer.hid_ports), SerialBus(drawer.cradles))
        agent = StationAgent(
            Desk(buses, load_profiles(), drawer.roots, clock.unix_time), server, SeedBox(STATION, KEY)
        )
        try:
            agent.step()  # recognises the fobs, which is not part of writing one
            return [
                _measure("HID, one after another", agent, server, [[drawer.ports[fob.serial]] for fob in hid]),
                _measure("HID, four at once", agent, server, [[drawer.ports[fob.serial] for fob in hid]]),
                _measure(
                    "serial, one after another", agent, server, [[drawer.ports[fob.serial]] for fob in serial]
                ),
            ]
        finally:
            agent.close()
            drawer.close()


def _measure(what: str, agent: StationAgent, server: _Timed, groups: list[list[Port]]) -> ProgramResult:
    """Write each group's fobs at once, group after group, several times."""
    seconds: list[float] = []
    reports: list[int] = []
    for group in groups * ROUNDS:
        counts = {port.fob.serial: _Counter() for port in group}
        for port in group:
            port.on_report = counts[port.fob.serial].add
        jobs = [program_job(port.fob.serial, secrets.token_bytes(20), secrets.token_hex(16)) for port in group]
        server.jobs = list(jobs)
        agent.step()
        server.wait([job.job_id for job in jobs])
        seconds += [server.seconds(job.job_id) for job in jobs]
        reports += [counts[port.fob.serial].count for port in group]
    fobs = sum(map(len, groups))
    if groups[0][0].transport is not Transport.HID:
        return ProgramResult(what, fobs, int(median(reports)), round(median(seconds), 3), None, None)
    wire_s = median(reports) * POLLING_INTERVAL_S
    ratio = round(median(seconds) / wire_s, 2)
    return ProgramResult(what, fobs, int(median(reports)), round(median(seconds), 3), round(wire_s, 3), ratio)


class _Counter:
    """Reports that crossed, both ways."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, _number: int) -> None:
        """One more."""
        self.count += 1
