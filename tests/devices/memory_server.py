"""A server in memory: hands jobs out, takes results, and can be away or unwilling."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from time import time

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from devices.contract import JobKind, JobResult, Poll, ProgramJob, Progress, Work, dump, load
from devices.driver import Clock
from devices.errors import ServerUnreachable
from tests.devices.conftest import SEED

STATION = "station1"
KEY = X25519PrivateKey.generate()
SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def sealed(
    job_id: str, serial: str, secret: bytes, station_id: str = STATION, purpose: str = "kagiya job seed 1"
) -> str:
    info = f"{purpose}\n{station_id}\n{job_id}\n{serial}".encode()
    return base64.b64encode(SUITE.encrypt(secret, KEY.public_key(), info)).decode()


def sealed_access_code(job_id: str, serial: str, code: bytes) -> str:
    return sealed(job_id, serial, code, purpose="kagiya access code 1")


def program_job(serial: str, seed: bytes = SEED, job_id: str = "", unix_time: float = 0) -> ProgramJob:
    job_id = job_id or f"program-{serial}"
    return ProgramJob(
        job_id,
        JobKind.PROGRAM,
        "kagiya-fob",
        serial,
        sealed_seed=sealed(job_id, serial, seed),
        unix_time=int(unix_time),
    )


def erase_job(serial: str) -> ProgramJob:
    return ProgramJob(f"erase-{serial}", JobKind.ERASE, "kagiya-fob", serial)


@dataclass
class MemoryServer:
    """Hands out `jobs` once; every message crosses as bytes, as over HTTP. `refuse` makes results fail."""

    jobs: list[ProgramJob] = field(default_factory=list)
    polls: list[Poll] = field(default_factory=list)
    progress_told: list[tuple[str, Progress]] = field(default_factory=list)
    results: dict[str, list[JobResult]] = field(default_factory=dict)
    refuse: Exception | None = None
    away: bool = False
    clock: Clock = time

    def poll(self, poll: Poll) -> Work:
        if self.away:
            raise ServerUnreachable("/poll", "ConnectError")
        self.polls.append(load(Poll, dump(poll)))
        jobs, self.jobs = tuple(self.jobs), []
        return load(Work, dump(Work(jobs, unix_time=int(self.clock()))))

    def progress(self, job_id: str, progress: Progress) -> None:
        if self.away:
            raise ServerUnreachable("/progress", "ConnectError")
        self.progress_told.append((job_id, load(Progress, dump(progress))))

    def result(self, job_id: str, result: JobResult) -> None:
        if self.refuse is not None:
            raise self.refuse
        told = load(JobResult, dump(result))
        # in one step: another thread waits for it
        self.results[job_id] = [*self.results.get(job_id, []), told]

    def only(self, job_id: str) -> JobResult:
        (result,) = self.results[job_id]
        return result
