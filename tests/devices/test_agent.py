"""The station agent before a server in memory: jobs, parallel work, results that are kept, no secret told."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic, perf_counter

import pytest
from pytest_mock import MockerFixture

from devices.agent import StationAgent, StationConfig, credential_form, run_station
from devices.attach import Desk
from devices.contract import FailureCode, JobResult, ProgramJob, Work
from devices.errors import NotEnrolled, OverLimits, ServerRefused, ServerUnreachable
from devices.links.serial import SerialBus
from devices.profiles import OtpType
from devices.seed_box import SeedBox
from tests.devices.conftest import HID_SERIALS, OTHER_SEED, SEED, SERIAL_SERIALS, SERIALS, Bench
from tests.devices.memory_server import KEY, STATION, MemoryServer, erase_job, program_job, sealed
from tests.rig.drawer import Drawer, NewFob
from tests.rig.faults import Faults
from tests.rig.wire.socket import SocketBus

HID = HID_SERIALS[0]


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


@pytest.fixture
def agent(bench: Bench, server: MemoryServer) -> Iterator[StationAgent]:
    made = StationAgent(bench.desk, server, SeedBox(STATION, KEY))
    yield made
    made.close()


def until(true: Callable[[], bool], limit_s: float = 10.0) -> None:
    """Wait for something that another thread brings about."""
    deadline = monotonic() + limit_s
    tick = threading.Event()
    while not true():
        assert monotonic() < deadline, "it did not happen in time"
        tick.wait(0.005)


def do(agent: StationAgent, server: MemoryServer, *jobs: ProgramJob) -> list[JobResult]:
    """Give the jobs out and wait for their results."""
    server.jobs += jobs
    agent.step()
    until(lambda: all(job.job_id in server.results for job in jobs))
    return [server.only(job.job_id) for job in jobs]


def failure(result: JobResult) -> FailureCode:
    assert result.receipt is None
    assert result.problem is not None
    return result.problem.code


def test_the_poll_tells_what_is_on_the_desk(agent: StationAgent, server: MemoryServer) -> None:
    agent.step()
    (poll,) = server.polls
    assert {seen.serial for seen in poll.devices} == set(SERIALS)
    assert {(seen.profile, seen.problem) for seen in poll.devices} == {("kagiya-fob", None)}
    assert poll.running == ()


def test_four_fobs_are_written_at_once_and_tell_their_codes(
    agent: StationAgent, server: MemoryServer, bench: Bench
) -> None:
    seeds = {serial: bytes([number]) * 20 for number, serial in enumerate(SERIALS)}
    jobs = [program_job(serial, seed, unix_time=bench.clock.unix_time()) for serial, seed in seeds.items()]
    for job, result in zip(jobs, do(agent, server, *jobs), strict=True):
        assert result.problem is None
        assert result.receipt is not None
        assert (result.receipt.serial, result.receipt.generation_after) == (job.serial, 1)
        held = bench.fob(job.serial).parts.flash.record.credential
        assert held is not None
        assert held.seed == seeds[job.serial]
        assert result.receipt.code == bench.display(job.serial)


def test_a_written_fob_is_erased(agent: StationAgent, server: MemoryServer, bench: Bench) -> None:
    for serial in (HID, SERIAL_SERIALS[0]):
        bench.program(serial, SEED)
        (result,) = do(agent, server, erase_job(serial))
        assert result.receipt is not None
        assert result.receipt.generation_after == 2
        assert bench.display(serial) == ""


def test_the_servers_time_sets_the_fob_whatever_the_desks_clock_says(server: MemoryServer, bench: Bench) -> None:
    wrong = replace(bench.desk, clock=lambda: bench.clock.unix_time() - 5000)
    agent = StationAgent(wrong, server, SeedBox(STATION, KEY))
    (result,) = do(agent, server, program_job(HID, unix_time=bench.clock.unix_time()))
    agent.close()
    assert result.receipt is not None
    assert result.receipt.clock_offset_s in (-1, 0, 1)
    assert abs(bench.fob(HID).parts.clock.unix_time() - bench.clock.unix_time()) <= 2


@pytest.mark.parametrize(
    "job",
    [
        replace(program_job(HID), sealed_seed=sealed("another-job", HID, SEED)),
        replace(program_job(HID), sealed_seed=sealed(f"program-{HID}", "KF-000002", SEED)),
        replace(program_job(HID), sealed_seed=sealed(f"program-{HID}", HID, SEED, "station2")),
        replace(program_job(HID), sealed_seed="not base64!"),
        replace(program_job(HID), sealed_seed=""),
    ],
)
def test_a_seed_that_is_not_for_this_job_touches_nothing(
    agent: StationAgent, server: MemoryServer, bench: Bench, job: ProgramJob
) -> None:
    (result,) = do(agent, server, job)
    assert failure(result) is FailureCode.SEED_UNREADABLE
    assert bench.fob(HID).parts.flash.record.generation == 0


@pytest.mark.parametrize(
    ("job", "code"),
    [
        (replace(program_job(HID), digits=7), FailureCode.OVER_LIMITS),
        (replace(program_job(HID), otp_type="motp"), FailureCode.OVER_LIMITS),
        (program_job(HID, seed=bytes(21)), FailureCode.OVER_LIMITS),
        (replace(program_job(HID), profile="other"), FailureCode.UNKNOWN_DEVICE),
        (program_job("KF-777777"), FailureCode.NOT_FOUND),
        (erase_job("KF-777777"), FailureCode.NOT_FOUND),
    ],
)
def test_jobs_that_cannot_be_done_say_why(
    agent: StationAgent, server: MemoryServer, job: ProgramJob, code: FailureCode
) -> None:
    (result,) = do(agent, server, job)
    assert failure(result) is code


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (Faults(cut_after_report=14), FailureCode.LINK_LOST),
        (Faults(stall_after_report=14), FailureCode.TIMEOUT),
        (Faults(wrong_crc_at_report=14), FailureCode.BAD_ANSWER),
        (Faults(battery_percent=5), FailureCode.LOW_BATTERY),
        (Faults(clock_stopped=True), FailureCode.WRONG_CLOCK),
        (Faults(flash_broken=True), FailureCode.REFUSED_BY_DEVICE),
        (Faults(not_genuine=True), FailureCode.NOT_GENUINE),
    ],
)
def test_a_fault_of_the_fob_ends_the_job_and_nothing_else(
    agent: StationAgent, server: MemoryServer, bench: Bench, faults: Faults, code: FailureCode
) -> None:
    agent.step()
    bench.fob(HID).faults = faults
    broken, whole = do(agent, server, program_job(HID), program_job(HID_SERIALS[1]))
    assert failure(broken) is code
    assert whole.receipt is not None


def test_a_device_that_failed_is_offered_again_only_when_it_was_looked_at_again(
    agent: StationAgent, server: MemoryServer, bench: Bench
) -> None:
    """Otherwise a mute device would fail at every attempt there is before anybody can put it in again."""
    agent.step()
    bench.fob(HID).faults = Faults(mute=True)
    (muted,) = do(agent, server, program_job(HID))
    assert failure(muted) is FailureCode.TIMEOUT
    agent.step()
    assert HID not in {seen.serial for seen in server.polls[-1].devices if seen.problem is None}
    bench.fob(HID).faults = Faults()

    def is_offered() -> bool:
        agent.step()
        return HID in {seen.serial for seen in server.polls[-1].devices if seen.problem is None}

    until(is_offered)
    (again,) = do(agent, server, program_job(HID, job_id="again"))
    assert again.receipt is not None


def test_a_result_is_kept_until_the_server_took_it(agent: StationAgent, server: MemoryServer) -> None:
    server.refuse = ServerUnreachable("/result", "ReadTimeout")
    server.jobs = [program_job(HID)]
    agent.step()
    until(lambda: bool(agent._results))
    for passing in (server.refuse, ServerRefused("/result", 503), ServerRefused("/result", 401)):
        server.refuse = passing
        agent.step()
        assert server.polls[-1].running == (f"program-{HID}",)
    server.refuse = None
    agent.step()
    assert server.only(f"program-{HID}").receipt is not None
    assert server.polls[-1].running == ()


def test_results_that_are_ready_together_are_brought_once_each(
    agent: StationAgent, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens, take = threading.Event(), server.result

    def take_later(job_id: str, result: JobResult) -> None:
        assert opens.wait(10.0)
        take(job_id, result)

    monkeypatch.setattr(server, "result", take_later)
    server.jobs = [program_job(serial) for serial in SERIALS]
    agent.step()
    until(lambda: len(agent._results) == len(SERIALS))
    agent.step()
    assert len(server.polls[-1].running) == len(SERIALS)
    opens.set()
    until(lambda: not agent._results)
    assert [len(told) for told in server.results.values()] == [1] * len(SERIALS)


@pytest.mark.parametrize("status", [404, 409, 422])
def test_a_result_that_the_server_will_never_want_is_dropped(
    agent: StationAgent, server: MemoryServer, status: int
) -> None:
    server.refuse = ServerRefused("/result", status)
    server.jobs = [program_job(HID)]
    agent.step()
    until(lambda: not agent._running)
    agent.step()
    assert server.polls[-1].running == ()


def test_a_job_given_out_twice_is_done_once(agent: StationAgent, server: MemoryServer, bench: Bench) -> None:
    server.refuse = ServerUnreachable("/result", "ReadTimeout")
    server.jobs = [program_job(HID), program_job(HID)]
    agent.step()
    until(lambda: bool(agent._results))
    server.jobs = [program_job(HID)]
    agent.step()
    until(lambda: not agent._running)
    assert bench.fob(HID).parts.flash.record.generation == 1


def test_a_job_that_fails_beyond_expectation_ends_with_a_reason(
    agent: StationAgent, server: MemoryServer, mocker: MockerFixture, caplog: pytest.LogCaptureFixture
) -> None:
    mocker.patch("devices.drivers.kagiya_fob.driver.KagiyaFob.program", side_effect=ZeroDivisionError)
    (result,) = do(agent, server, program_job(HID))
    assert failure(result) is FailureCode.BAD_ANSWER
    assert result.problem is not None
    assert result.problem.facts == {"error": "ZeroDivisionError"}
    assert "ZeroDivisionError" in caplog.text


def test_progress_is_told_while_a_paced_fob_is_written(tmp_path: Path, bench: Bench, server: MemoryServer) -> None:
    paced = Drawer(tmp_path / "paced", bench.clock, [NewFob(s, bench.port(s).transport) for s in SERIALS])
    desk = Desk(
        (SocketBus(paced.hid_ports), SerialBus(paced.cradles)),
        bench.desk.profiles,
        paced.roots,
        bench.clock.unix_time,
    )
    agent = StationAgent(desk, server, SeedBox(STATION, KEY))
    stop = threading.Event()
    running = threading.Thread(target=agent.run, args=(stop, 0.05))
    running.start()
    until(lambda: bool(server.polls) and len(server.polls[-1].devices) == len(SERIALS))
    begun = perf_counter()
    server.jobs = [program_job(serial, OTHER_SEED) for serial in SERIALS]
    until(lambda: len(server.results) == len(SERIALS))
    took_s = perf_counter() - begun
    stop.set()
    running.join()
    paced.close()
    assert all(server.only(f"program-{serial}").receipt for serial in SERIALS)
    # 23 reports at 8 ms for one; the four share nothing
    assert took_s < 4 * 23 * 0.008
    told = [progress for job_id, progress in server.progress_told if job_id == f"program-{HID}"]
    assert told
    assert all(0 < progress.reports_done <= progress.reports_total == 23 for progress in told)


def test_the_day_goes_on_when_the_server_is_away_or_a_round_fails(
    agent: StationAgent, server: MemoryServer, mocker: MockerFixture, caplog: pytest.LogCaptureFixture
) -> None:
    server.away = True
    rounds = mocker.spy(agent, "step")
    stop = threading.Event()
    running = threading.Thread(target=agent.run, args=(stop, 0.01))
    running.start()
    until(lambda: rounds.call_count >= 2)
    server.away = False
    until(lambda: bool(server.polls))
    mocker.patch.object(server, "poll", side_effect=[ZeroDivisionError, *[Work((), 0)] * 1000])
    until(lambda: "a round of the station failed" in caplog.text)
    stop.set()
    running.join()


def test_no_seed_and_no_code_is_ever_logged(
    agent: StationAgent, server: MemoryServer, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bench.fob(SERIAL_SERIALS[1]).faults = Faults(cut_after_report=12)
    jobs = [program_job(serial) for serial in SERIALS]
    results = do(agent, server, *jobs)
    assert "request of" in caplog.text
    codes = [result.receipt.code for result in results if result.receipt is not None]
    assert len(codes) == len(SERIALS) - 1
    for secret in (SEED.hex(), SEED.decode(), base64.b64encode(SEED).decode(), jobs[0].sealed_seed, *codes):
        assert secret not in caplog.text
        assert secret not in repr(jobs) + repr(results)


@pytest.mark.parametrize(("away_s", "told"), [(5, False), (-5, False), (45, True), (-45, True)])
def test_a_desk_whose_clock_is_off_is_warned(
    agent: StationAgent,
    server: MemoryServer,
    bench: Bench,
    caplog: pytest.LogCaptureFixture,
    away_s: int,
    told: bool,
) -> None:
    server.clock = lambda: bench.clock.unix_time() - away_s
    agent.step()
    assert ("away from the server's" in caplog.text) is told


def test_a_credentials_words_become_values() -> None:
    form = credential_form(replace(program_job(HID), otp_type="hotp", period_s=0), 20)
    assert (form.otp_type, form.period_s, form.seed_bytes) == (OtpType.HOTP, 0, 20)
    with pytest.raises(OverLimits):
        credential_form(replace(program_job(HID), algorithm="md5"), 20)


def test_a_new_station_trusts_no_maker_and_names_no_cradle(tmp_path: Path) -> None:
    config = StationConfig(tmp_path)
    assert config.desk().roots == {}
    assert config.cradles == {}


def test_a_station_without_enrolment_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled):
        run_station(StationConfig(tmp_path / "none"), threading.Event())
