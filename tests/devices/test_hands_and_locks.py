"""What a job brings a driver besides the seed: access code, title, counter, and a way to ask for a hand."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest
from pytest_mock import MockerFixture

from devices.agent import StationAgent
from devices.contract import FailureCode, JobKind, ProgramJob, Progress, Wait, WriteReceipt
from devices.driver import SlotProgram, Surroundings
from devices.drivers.kagiya_fob.driver import KagiyaFob
from devices.errors import NotTouched
from devices.links import AnyLink
from devices.profiles import OtpType
from devices.seed_box import SeedBox
from tests.devices.conftest import HID_SERIALS, Bench
from tests.devices.memory_server import KEY, STATION, MemoryServer, program_job, sealed, sealed_access_code
from tests.devices.test_agent import do, failure, until

HID = HID_SERIALS[0]
CODE = bytes(range(100, 132))


class AsksForAHand(KagiyaFob):
    """A fob that wants to be touched before it is written, and keeps what it was given."""

    given: ClassVar[list[tuple[Surroundings, SlotProgram]]]
    touched: ClassVar[bool]

    def __init__(self, link: AnyLink, surroundings: Surroundings) -> None:
        super().__init__(link, surroundings)
        self.around = surroundings

    def program(self, program: SlotProgram) -> WriteReceipt:
        self.given.append((self.around, program))
        self.around.on_progress(1, 23)
        self.around.on_wait(Wait.TOUCH)
        if not self.touched:
            raise NotTouched(15.0)
        self.around.on_wait(Wait.NONE)
        return replace(super().program(program), locked=True)


@pytest.fixture(autouse=True)
def asking(mocker: MockerFixture) -> None:
    AsksForAHand.given, AsksForAHand.touched = [], True
    mocker.patch.dict("devices.drivers.DRIVERS", {"kagiya-fob": AsksForAHand})


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


@pytest.fixture
def agent(bench: Bench, server: MemoryServer) -> Iterator[StationAgent]:
    limits = replace(bench.profile.limits, title_bytes=4, counter_step=16)
    desk = replace(bench.desk, profiles=(replace(bench.profile, limits=limits),))
    made = StationAgent(desk, server, SeedBox(STATION, KEY))
    yield made
    made.close()


def locked_job(sealed_code: str | None = None, **more: object) -> ProgramJob:
    job = program_job(HID)
    code = sealed_access_code(job.job_id, HID, CODE) if sealed_code is None else sealed_code
    return replace(job, sealed_access_code=code, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("in_force", [True, False])
def test_the_driver_gets_the_access_code_of_the_job(
    agent: StationAgent, server: MemoryServer, in_force: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (result,) = do(
        agent,
        server,
        locked_job(access_code_in_force=in_force, may_use_last_try=not in_force, access_tries_left=2),
    )
    assert result.receipt is not None
    assert result.receipt.locked is True
    ((around, _),) = AsksForAHand.given
    assert around.access is not None
    assert (around.access.code, around.access.in_force) == (CODE, in_force)
    assert around.access.may_use_last_try is not in_force
    assert around.access.tries_left == 2
    assert CODE.hex() not in caplog.text
    assert repr(CODE) not in repr(around)


def test_a_job_without_an_access_code_has_none(agent: StationAgent, server: MemoryServer) -> None:
    do(agent, server, program_job(HID))
    ((around, _),) = AsksForAHand.given
    assert around.access is None


@pytest.mark.parametrize(
    "sealed_code",
    [
        sealed_access_code("another-job", HID, CODE),
        sealed_access_code(f"program-{HID}", "KF-000002", CODE),
        sealed_access_code(f"program-{HID}", HID, CODE[:16]),
        sealed(f"program-{HID}", HID, CODE),
        "not base64!",
    ],
    ids=["another job", "another device", "too short", "a seed", "no base64"],
)
def test_an_access_code_that_is_not_for_this_job_touches_nothing(
    agent: StationAgent, server: MemoryServer, bench: Bench, sealed_code: str
) -> None:
    (result,) = do(agent, server, locked_job(sealed_code))
    assert failure(result) is FailureCode.SEED_UNREADABLE
    assert AsksForAHand.given == []
    assert bench.fob(HID).parts.flash.record.generation == 0


def test_an_erasure_has_its_access_code_too(
    agent: StationAgent, server: MemoryServer, mocker: MockerFixture
) -> None:
    opened = mocker.spy(agent._watch, "opened")
    do(agent, server, replace(locked_job(), kind=JobKind.ERASE, sealed_seed=""))
    assert opened.call_args.kwargs["access"].code == CODE


def test_title_and_counter_reach_the_driver_as_the_device_can_take_them(
    agent: StationAgent, server: MemoryServer, bench: Bench
) -> None:
    hotp = {"otp_type": "hotp", "period_s": 0, "counter": 32, "title": "Sample Bank"}
    do(agent, server, replace(program_job(HID), **hotp))  # type: ignore[arg-type]
    ((_, program),) = AsksForAHand.given
    assert (program.title, program.form.otp_type, program.form.counter) == ("Samp", OtpType.HOTP, 32)


def test_a_counter_that_the_device_cannot_take_is_refused_before_it_is_touched(
    agent: StationAgent, server: MemoryServer
) -> None:
    (result,) = do(agent, server, replace(program_job(HID), otp_type="hotp", period_s=0, counter=17))
    assert failure(result) is FailureCode.OVER_LIMITS
    assert result.problem is not None
    assert result.problem.facts == {"limit": "counter", "asked": "17", "allowed": "multiples of 16"}
    assert AsksForAHand.given == []


def test_the_page_can_tell_that_the_device_waits_for_a_hand(agent: StationAgent, server: MemoryServer) -> None:
    told: list[Progress] = []
    agent._told = _Kept(told)
    do(agent, server, program_job(HID))
    waits = [progress.wait for progress in told]
    assert waits[:3] == [Wait.NONE, Wait.TOUCH, Wait.NONE]
    assert Wait.TOUCH not in waits[3:]
    assert (told[1].reports_done, told[1].reports_total) == (1, 23)


class _Kept(dict[str, Progress]):
    """Everything that was ever put in."""

    def __init__(self, told: list[Progress]) -> None:
        super().__init__()
        self._list = told

    def __setitem__(self, key: str, value: Progress) -> None:
        self._list.append(value)
        super().__setitem__(key, value)


def test_a_device_that_nobody_touched_ends_the_job_with_that_reason(
    agent: StationAgent, server: MemoryServer
) -> None:
    AsksForAHand.touched = False
    (result,) = do(agent, server, program_job(HID))
    assert failure(result) is FailureCode.NOT_TOUCHED
    assert result.problem is not None
    assert result.problem.facts == {"waited_s": "15.0"}
    until(lambda: not agent._told)
