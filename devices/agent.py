"""The station agent: sees devices come and go, asks the server for jobs, carries them out, brings results back.

Seeds live in the memory of one job's thread. Results are kept until the server took them; if the agent dies, the
server gives the job up by itself (a fresh seed is drawn for the next try), so nothing needs to be on disk.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic, time
from typing import Final

from devices.attach import Desk, real_buses
from devices.contract import (
    FailureCode,
    JobKind,
    JobResult,
    Poll,
    Problem,
    ProgramJob,
    Progress,
    Wait,
    WriteReceipt,
    check,
)
from devices.driver import Clock, OnProgress, OnWait, SlotProgram, TokenDriver
from devices.errors import DeviceError, OverLimits, ServerFailed, ServerRefused
from devices.profile_files import SHIPPED, load_profiles
from devices.profiles import Algorithm, CredentialForm, OtpType, SerialSource
from devices.seed_box import Enrolment, SeedBox, alone
from devices.server_client import ServerClient, StationServer
from devices.watch import DeviceWatch

PARALLEL_JOBS: Final = 16
_PROGRESS_EVERY_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 10.0
_CLOCK_WARNING_S: Final = 20
_MAY_PASS: Final = (401, 403, 408, 425, 429)
"""Refusals of a result that may pass; any other 4xx means that the server will never want it."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StationConfig:
    """What `run_station` needs. `roots`: trust list, root name → public key (P-256, uncompressed, 65 bytes).

    `cradles`: path of a serial port → profile. `directory` holds the enrolment.
    """

    directory: Path
    poll_s: float = 1.0
    profiles: Path = SHIPPED
    roots: Mapping[str, bytes] = field(default_factory=dict)
    cradles: Mapping[str, str] = field(default_factory=dict)

    def desk(self, clock: Clock = time) -> Desk:
        """The station's view of this machine's devices. Raises ProfileInvalid."""
        profiles = load_profiles(self.profiles)
        return Desk(real_buses(profiles, self.cradles), profiles, dict(self.roots), clock)


def run_station(config: StationConfig, stop: threading.Event) -> None:
    """Work until `stop` is set.

    Raises NotEnrolled, KeyFileUnsafe, StationRuns, ProfileInvalid before anything is touched.
    """
    enrolment = Enrolment.load(config.directory)
    with alone(config.directory):
        server = ServerClient(enrolment, time)
        try:
            StationAgent(config.desk(), server, SeedBox.of(enrolment)).run(stop, config.poll_s)
        finally:
            server.close()


class StationAgent:
    """One station. `run` works in the caller's thread; each job has a thread of its own."""

    def __init__(self, desk: Desk, server: StationServer, seed_box: SeedBox) -> None:
        self._desk = desk
        self._server = server
        self._seed_box = seed_box
        self._watch = DeviceWatch(desk)
        self._jobs = ThreadPoolExecutor(PARALLEL_JOBS, thread_name_prefix="job")
        self._guard = threading.Lock()
        self._running: set[str] = set()
        self._results: dict[str, JobResult] = {}
        self._on_their_way: set[str] = set()
        self._told: dict[str, Progress] = {}
        self._wake = threading.Event()

    def run(self, stop: threading.Event, poll_s: float) -> None:
        """Step every `poll_s` seconds (less often while the server is away) until `stop` is set."""
        courier = threading.Thread(target=self._carry_progress, args=(stop,), name="progress", daemon=True)
        courier.start()
        pause_s = poll_s
        while not stop.is_set():
            try:
                self.step()
                pause_s = poll_s
            except ServerFailed as failure:
                log.warning("server: %s: %s", type(failure).__name__, failure)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            except Exception:  # the edge of the process: one bad round must not end the station's day
                log.exception("a round of the station failed")
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            self._pause(stop, pause_s)
        self.close()
        courier.join()

    def step(self) -> None:
        """One round: bring results, look at the devices, poll, start what comes. Raises ServerFailed."""
        self._bring_results()
        devices = self._watch.refresh()
        with self._guard:
            running = tuple(sorted(self._running | self._results.keys()))
        work = self._server.poll(Poll(devices, running))
        received_at = monotonic()
        self._compare_clocks(work.unix_time)
        for job in work.jobs:
            self._start(job, received_at)

    def close(self) -> None:
        """Finish what is under way and bring its results as far as the server takes them."""
        self._jobs.shutdown()
        self._watch.close()
        self._bring_results()

    def _compare_clocks(self, server_time: int) -> None:
        """The server believes no request that is a minute off: say so before it comes to that."""
        offset_s = round(self._desk.clock()) - server_time
        if abs(offset_s) > _CLOCK_WARNING_S:
            log.warning("this desk's clock is %d s away from the server's", offset_s)

    def _pause(self, stop: threading.Event, pause_s: float) -> None:
        """Until it is time for the next round, a job has ended, or `stop` is set."""
        deadline = monotonic() + pause_s
        while not stop.is_set() and (left_s := deadline - monotonic()) > 0:
            if self._wake.wait(min(left_s, _PROGRESS_EVERY_S)):
                break
        self._wake.clear()

    def _start(self, job: ProgramJob, received_at: float) -> None:
        with self._guard:
            if job.job_id in self._running or job.job_id in self._results:
                return
            self._running.add(job.job_id)
        log.info("job %s: %s %s", job.job_id, job.kind, job.serial)
        self._jobs.submit(self._do, job, received_at)

    def _do(self, job: ProgramJob, received_at: float) -> None:
        result = self._outcome(job, received_at)
        with self._guard:
            self._running.discard(job.job_id)
            self._told.pop(job.job_id, None)
            self._results[job.job_id] = result
        code = result.problem.code if result.problem else "done"
        log.info("job %s: %s", job.job_id, code)
        self._bring_results()
        self._wake.set()

    def _outcome(self, job: ProgramJob, received_at: float) -> JobResult:
        try:
            result = JobResult(receipt=self._carry_out(job, received_at))
            check(result)
            return result
        except DeviceError as error:
            return JobResult(problem=error.problem())
        except Exception as error:  # the edge of a thread: the job must end, and the log tells why
            log.exception("job %s", job.job_id)
            return JobResult(problem=Problem(FailureCode.BAD_ANSWER, {"error": type(error).__name__}))

    def _carry_out(self, job: ProgramJob, received_at: float) -> WriteReceipt:
        act = self._act(job)
        opened = self._watch.opened(
            job.profile,
            job.serial,
            self._server_clock(job, received_at),
            self._on_progress(job),
            on_wait=self._on_wait(job),
            access=self._seed_box.open_access_code(job),
            generation=job.generation,
            # jobs that were given out together share one scan, however late each begins
            asked_at=received_at,
        )
        with opened as driver:
            receipt = act(driver)
        if self._desk.profile(job.profile).use.serial is SerialSource.TOLD:
            return receipt
        # the device cannot tell: its bus or its label did
        return replace(receipt, serial=job.serial)

    def _act(self, job: ProgramJob) -> Callable[[TokenDriver], WriteReceipt]:
        if job.kind is JobKind.ERASE:
            return lambda driver: driver.erase(job.slot)
        program = self._slot_program(job)
        return lambda driver: driver.program(program)

    def _slot_program(self, job: ProgramJob) -> SlotProgram:
        """What to write. Raises SeedUnreadable, OverLimits."""
        secret = self._seed_box.open(job)
        form = credential_form(job, len(secret))
        profile = self._desk.profile(job.profile)
        profile.check(form)
        return SlotProgram(form, secret, job.title[: profile.limits.title_bytes])

    def _server_clock(self, job: ProgramJob, received_at: float) -> Clock:
        """The server's time: a desk whose clock is wrong still sets fobs right."""
        if not job.unix_time:
            return self._desk.clock
        return lambda: job.unix_time + monotonic() - received_at

    def _on_progress(self, job: ProgramJob) -> OnProgress:
        def told(done: int, total: int) -> None:
            # at every report, so no more than must be
            before = self._told.get(job.job_id)
            self._told[job.job_id] = Progress(done, total, before.wait if before else Wait.NONE)

        return told

    def _on_wait(self, job: ProgramJob) -> OnWait:
        def told(wait: Wait) -> None:
            log.info("job %s: waits for %s", job.job_id, wait or "nobody")
            self._told[job.job_id] = replace(self._told.get(job.job_id, Progress(0, 0)), wait=wait)

        return told

    def _carry_progress(self, stop: threading.Event) -> None:
        """Tell the newest progress of each job; it may get lost, it must not slow a write down."""
        sent: dict[str, Progress] = {}
        while not stop.wait(_PROGRESS_EVERY_S):
            news = {job_id: told for job_id, told in tuple(self._told.items()) if sent.get(job_id) != told}
            for job_id, told in news.items():
                try:
                    self._server.progress(job_id, told)
                except ServerFailed as failure:
                    log.debug("progress of job %s is lost: %s", job_id, failure)
            sent = {job_id: told for job_id, told in (sent | news).items() if job_id in self._told}

    def _bring_results(self) -> None:
        """Results that the server cannot take now stay for the next round; no two threads bring the same one."""
        with self._guard:
            waiting = {job_id: self._results[job_id] for job_id in self._results.keys() - self._on_their_way}
            self._on_their_way |= waiting.keys()
        try:
            for job_id, result in waiting.items():
                if self._is_taken(job_id, result):
                    with self._guard:
                        self._results.pop(job_id, None)
        finally:
            with self._guard:
                self._on_their_way -= waiting.keys()

    def _is_taken(self, job_id: str, result: JobResult) -> bool:
        try:
            self._server.result(job_id, result)
        except ServerRefused as refusal:
            log.warning("job %s: result refused (%d %s)", job_id, refusal.status, refusal.reason)
            return refusal.status < 500 and refusal.status not in _MAY_PASS
        except ServerFailed as failure:
            log.warning("job %s: result is kept: %s", job_id, failure)
            return False
        return True


def credential_form(job: ProgramJob, seed_bytes: int) -> CredentialForm:
    """The job's parameters as values. Raises OverLimits for words that no device knows."""
    try:
        otp_type, algorithm = OtpType(job.otp_type), Algorithm(job.algorithm)
    except ValueError:
        asked = f"{job.otp_type} {job.algorithm}"
        raise OverLimits("otp_type, algorithm", asked, ", ".join((*OtpType, *Algorithm))) from None
    return CredentialForm(otp_type, algorithm, job.digits, job.period_s, seed_bytes, job.slot, job.counter)
