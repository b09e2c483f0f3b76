"""A station agent before a server that gives each job out once and notes when its result is here."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from devices.agent import StationAgent
from devices.attach import Desk
from devices.contract import ACCESS_CODE_BYTES, DeviceSeen, JobKind, JobResult, Poll, ProgramJob, Progress, Work
from devices.links import Bus
from devices.profile_files import load_profiles
from devices.profiles import Ability, FirmwareProfile
from devices.seed_box import SeedBox
from tests.devices.memory_server import KEY, STATION, sealed, sealed_access_code

_LIMIT_S: Final = 60.0
_SEED_BYTES: Final = 20


def job_for(profile: FirmwareProfile, serial: str, digits: int, period_s: int) -> ProgramJob:
    """A TOTP credential for that device, with an access code where it takes one."""
    job_id = secrets.token_hex(16)
    locks = Ability.LOCKS_WITH_CODE in profile.abilities
    code = sealed_access_code(job_id, serial, secrets.token_bytes(ACCESS_CODE_BYTES)) if locks else ""
    return ProgramJob(
        job_id,
        JobKind.PROGRAM,
        profile.name,
        serial,
        digits=digits,
        period_s=period_s,
        sealed_seed=sealed(job_id, serial, secrets.token_bytes(_SEED_BYTES)),
        sealed_access_code=code,
        unix_time=int(time.time()),
    )


ProcessorTime = Callable[[], float]
"""Seconds that processors have spent so far on station and emulators."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Time that passed, and how much of it a processor was at work."""

    seconds: float
    processor_s: float


class TimedStation:
    """An agent with its desk. `roots`: trust list of the emulated devices' makers."""

    def __init__(
        self, buses: Sequence[Bus], roots: Mapping[str, bytes], processor_time: ProcessorTime = time.process_time
    ) -> None:
        self._server = _Server(processor_time)
        self._desk = Desk(tuple(buses), load_profiles(), roots, time.time)
        self._agent = StationAgent(self._desk, self._server, SeedBox(STATION, KEY))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._agent.close()

    def profile(self, name: str) -> FirmwareProfile:
        """By its name."""
        return self._desk.profile(name)

    def see(self, count: int) -> None:
        """Until so many devices are recognised, which is no part of writing them. Raises RuntimeError."""
        until_s = time.monotonic() + _LIMIT_S
        while len([seen for seen in self._server.seen if seen.problem is None]) < count:
            if time.monotonic() > until_s:
                raise RuntimeError(f"not all of {count} devices can be used: {self._server.seen}")
            self._agent.step()

    def write(self, jobs: Sequence[ProgramJob]) -> Spent:
        """From when the agent is given the jobs until the result of the last. Raises RuntimeError."""
        self._server.jobs = tuple(jobs)
        self._agent.step()
        return self._server.wait({job.job_id for job in jobs})


class _Server:
    def __init__(self, processor_time: ProcessorTime) -> None:
        self.jobs: tuple[ProgramJob, ...] = ()
        self.seen: tuple[DeviceSeen, ...] = ()
        self._processor_time = processor_time
        self._given = Spent(0.0, 0.0)
        self._results: dict[str, tuple[Spent, JobResult]] = {}
        self._news = threading.Condition()

    def poll(self, poll: Poll) -> Work:
        self.seen = poll.devices
        jobs, self.jobs = self.jobs, ()
        self._given = self._now()
        return Work(jobs, int(time.time()))

    def progress(self, job_id: str, progress: Progress) -> None:
        """Nobody looks."""

    def result(self, job_id: str, result: JobResult) -> None:
        with self._news:
            self._results.setdefault(job_id, (self._now(), result))
            self._news.notify_all()

    def wait(self, job_ids: set[str]) -> Spent:
        with self._news:
            here = self._news.wait_for(lambda: self._results.keys() >= job_ids, _LIMIT_S)
            results = [self._results[job_id] for job_id in job_ids & self._results.keys()]
        failed = [result.problem for _, result in results if result.receipt is None]
        if not here or failed:
            raise RuntimeError(f"a device was not written: {failed}")
        last = max((taken for taken, _ in results), key=lambda taken: taken.seconds)
        return Spent(last.seconds - self._given.seconds, last.processor_s - self._given.processor_s)

    def _now(self) -> Spent:
        return Spent(time.perf_counter(), self._processor_time())
