"""A station at the desk as the server knows it: real keys, and fobs that are only what was written into them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime

import pyotp
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from devices.contract import (
    DeviceSeen,
    FailureCode,
    JobKind,
    JobResult,
    Poll,
    Problem,
    ProgramJob,
    WriteReceipt,
)
from provisioning.jobs.enrol_station import EnrolStationCommand, enrol_station
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.poll_station import PollCommand, poll_station
from provisioning.jobs.record_result import RecordResultCommand, record_result
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.states import JobState
from provisioning.services import Services
from provisioning.store.tables import Fob

_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


@dataclass
class PlainFob:
    """What a fob holds; `generation` counts its commits. One that is not `named` keeps its serial to itself."""

    serial: str
    profile: str = "kagiya-fob-hid"
    seed: bytes | None = None
    generation: int = 0
    problem: Problem | None = None
    named: bool = True
    written_as: ProgramJob | None = None
    locked: bool | None = None
    tells_code: bool = True

    def seen(self) -> DeviceSeen:
        """The fob as its station reports it."""
        return DeviceSeen(
            path=f"desk/{self.serial}",
            transport="hid",
            profile=self.profile,
            serial=self.serial if self.named else "",
            model="Kagiya Fob",
            firmware="1.0.0",
            battery_percent=90,
            clock_offset_s=-4,
            generation=self.generation,
            problem=self.problem,
        )

    def code(self, now: datetime) -> str:
        """What its display shows, 8 digits and 60 s unless it was written otherwise; with HOTP its first code."""
        assert self.seed is not None
        secret, job = base64.b32encode(self.seed).decode(), self.written_as
        if job is not None and job.otp_type == "hotp":
            return pyotp.HOTP(secret, digits=job.digits).at(job.counter)
        digits, period_s = (job.digits, job.period_s) if job is not None else (8, 60)
        return pyotp.TOTP(secret, digits=digits, interval=period_s).at(int(now.timestamp()))

    def carry_out(self, job: ProgramJob, seed: bytes | None, now: datetime) -> WriteReceipt:
        """Write or erase, and read the code back after a write."""
        before, self.generation, self.seed = self.generation, self.generation + 1, seed
        self.written_as = job
        code = self.code(now) if seed is not None and self.tells_code else ""
        return WriteReceipt(
            serial=self.serial,
            model="Kagiya Fob",
            firmware="1.0.0",
            generation_before=before,
            generation_after=self.generation,
            battery_percent=89,
            clock_offset_s=-1,
            reports=40,
            code=code,
            locked=self.locked,
        )


@dataclass
class Desk:
    """An enrolled station with the fobs that are plugged in."""

    services: Services
    station_id: str
    signing_key: Ed25519PrivateKey
    sealing_key: X25519PrivateKey
    now: datetime
    institution_id: str = "dual"
    fobs: list[PlainFob] = field(default_factory=list)
    running: list[str] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        """The station as somebody who acts."""
        return Actor(ActorKind.STATION, self.station_id, self.institution_id, "本店")

    def plug(self, fob: Fob) -> PlainFob:
        """Put a blank fob with this row's serial into the port."""
        plain = PlainFob(fob.serial, fob.profile)
        self.fobs.append(plain)
        return plain

    def poll(self) -> tuple[ProgramJob, ...]:
        """One poll; the jobs that come are running from then on."""
        poll = Poll(tuple(fob.seen() for fob in self.fobs), tuple(self.running))
        work = poll_station(self.services, PollCommand(self.station_id, poll, self.actor), self.now)
        self.running += [job.job_id for job in work.jobs]
        return work.jobs

    def open_seed(self, job: ProgramJob) -> bytes:
        """The seed of a job for this station."""
        return self._open(job, job.sealed_seed, "kagiya job seed 1")

    def open_access_code(self, job: ProgramJob) -> bytes:
        """The access code of a job for this station."""
        return self._open(job, job.sealed_access_code, "kagiya access code 1")

    def _open(self, job: ProgramJob, sealed: str, purpose: str) -> bytes:
        info = f"{purpose}\n{self.station_id}\n{job.job_id}\n{job.serial}".encode()
        return _SUITE.decrypt(base64.b64decode(sealed), self.sealing_key, info)

    def write(self, job: ProgramJob) -> JobResult:
        """Carry a job out on the fob it names; the result is not delivered yet."""
        (fob,) = (fob for fob in self.fobs if fob.serial == job.serial)
        seed = self.open_seed(job) if job.kind is JobKind.PROGRAM else None
        return JobResult(receipt=fob.carry_out(job, seed, self.now))

    def report(self, job_id: str, result: JobResult) -> JobState:
        """Deliver a result."""
        command = RecordResultCommand(self.station_id, job_id, result, self.actor)
        state = record_result(self.services, command, self.now)
        self.running = [running for running in self.running if running != job_id]
        return state

    def fail(self, job_id: str, code: FailureCode) -> JobState:
        """Deliver a failure."""
        return self.report(job_id, JobResult(problem=Problem(code)))

    def work(self) -> list[JobState]:
        """Poll, carry out everything that comes, and deliver."""
        return [self.report(job.job_id, self.write(job)) for job in self.poll()]


def open_desk(
    services: Services, now: datetime, name: str = "窓口1", institution_id: str = "dual", branch: str = "本店"
) -> Desk:
    """Invite and enrol a station."""
    command = InviteStationCommand(institution_id, branch, name, SYSTEM)
    invitation = invite_station(services, command, now)
    signing_key, sealing_key = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
    keys = (key.public_key().public_bytes_raw().hex() for key in (signing_key, sealing_key))
    enrolled = enrol_station(services, EnrolStationCommand(invitation.code, *keys), now)
    assert enrolled.station_id == invitation.station_id
    return Desk(services, enrolled.station_id, signing_key, sealing_key, now, institution_id)
