"""What the agent does not begin, and what it does not tell on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pytest_mock import MockerFixture

from devices.agent import StationAgent, StationConfig, run_station
from devices.contract import FailureCode, ProgramJob, WriteReceipt, check
from devices.drivers.kagiya_fob.driver import KagiyaFob
from devices.errors import StationRuns
from devices.seed_box import Enrolment, SeedBox, StationKeys, alone
from tests.devices.conftest import HID_SERIALS, OTHER_SEED, SEED, Bench
from tests.devices.memory_server import KEY, STATION, MemoryServer, erase_job, program_job, sealed
from tests.devices.test_agent import do, failure

HID = HID_SERIALS[0]


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


@pytest.fixture
def agent(bench: Bench, server: MemoryServer) -> Iterator[StationAgent]:
    made = StationAgent(bench.desk, server, SeedBox(STATION, KEY))
    yield made
    made.close()


@pytest.mark.parametrize("late", [program_job(HID, OTHER_SEED), erase_job(HID)])
def test_a_job_from_before_the_last_write_is_not_begun(
    agent: StationAgent, server: MemoryServer, bench: Bench, late: ProgramJob
) -> None:
    """A desk that slept, or a second program with its keys: the fob belongs to somebody else by now."""
    bench.program(HID, SEED)
    (result,) = do(agent, server, replace(late, generation=0))
    assert failure(result) is FailureCode.OVERTAKEN
    assert result.problem is not None
    assert result.problem.facts == {"expected": "0", "found": "1"}
    held = bench.fob(HID).parts.flash.record
    assert (held.generation, held.credential and held.credential.seed) == (1, SEED)
    (result,) = do(
        agent, server, replace(late, job_id="again", generation=1, sealed_seed=sealed("again", HID, SEED))
    )
    assert result.receipt is not None


def test_after_a_write_the_next_poll_tells_the_new_generation(
    agent: StationAgent, server: MemoryServer, bench: Bench
) -> None:
    for generation in range(4):
        job = program_job(HID, job_id=f"job{generation}")
        (result,) = do(agent, server, replace(job, generation=generation))
        assert result.receipt is not None
        agent.step()
        (seen,) = (seen for seen in server.polls[-1].devices if seen.serial == HID)
        assert seen.generation == generation + 1


def test_a_receipt_that_the_server_would_not_take_is_a_failure_with_a_reason(
    agent: StationAgent, server: MemoryServer, mocker: MockerFixture
) -> None:
    real = KagiyaFob.erase

    def tells_too_much(fob: KagiyaFob, slot: int) -> WriteReceipt:
        return replace(real(fob, slot), generation_after=1 << 32)

    mocker.patch.object(KagiyaFob, "erase", autospec=True, side_effect=tells_too_much)
    (result,) = do(agent, server, erase_job(HID))
    assert failure(result) is FailureCode.BAD_ANSWER
    check(result)


def test_a_second_agent_with_the_same_keys_does_not_begin(tmp_path: Path) -> None:
    """Each would take the other's jobs for lost."""
    Enrolment(
        "station1",
        "窓口1",
        "http://127.0.0.1:1",
        Ed25519PrivateKey.generate().public_key(),
        StationKeys.generate(),
    ).save(tmp_path / "station")
    config, stop = StationConfig(tmp_path / "station"), threading.Event()
    with alone(config.directory), pytest.raises(StationRuns) as refused:
        run_station(config, stop)
    assert refused.value.directory == str(config.directory)
    stop.set()
    run_station(config, stop)
