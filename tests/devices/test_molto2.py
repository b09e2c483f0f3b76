"""The Molto-2 driver: the vendor tool's bytes, the inherited batteries, and what only this token does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.attach import open_named, survey
from devices.contract import FailureCode, Wait
from devices.driver import AccessCode, SetsClock, SlotProgram, Surroundings, TokenDriver
from devices.drivers.molto2.driver import Molto2 as Molto2Driver
from devices.drivers.molto2.messages import FACTORY_KEY, CustomerKey
from devices.drivers.molto2.tries import TriesLeft
from devices.errors import (
    BadAnswer,
    DeviceError,
    DeviceLocked,
    LastTry,
    NotProved,
    NotTouched,
    OverLimits,
    RefusedByDevice,
    WrongAccessCode,
    WrongClock,
    WrongSerial,
)
from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.devices.battery_locks import OURS, AccessCodeBattery, HandBattery
from tests.devices.card_garbage import ANSWERS, Canned, answer_at
from tests.devices.subject import Subject, check_failure, seed
from tests.rig.molto2.device import FIRST, SECOND, Hardware, Molto2
from tests.rig.molto2.memory import TRIES, session_key
from tests.rig.molto2.usb import usb_plan
from tests.rig.wire.ccid_port import CcidPort
from tests.rig.wire.socket import SocketBus

FORM = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20, slot=3)
_SERIALS = count(826658719844499)
_NOW = 1_795_200_007.0


class Molto2Subject(Subject):
    """A token in a USB socket. `access` is given to every driver."""

    def __init__(self, hardware: Hardware = SECOND, profile: str = "molto2-v2") -> None:
        serial = str(next(_SERIALS))
        self.now = _NOW
        self.token = Molto2(serial, hardware, self.unix_time)
        self.token.memory.slots[FORM.slot - 1].clock_offset_s = 77
        self.port = CcidPort(usb_plan(self.token))
        self.access: AccessCode | None = None
        super().__init__(SocketBus([self.port]), profile, serial, FORM, may_lose_it=True)

    def plug(self) -> None:
        self.port.plug()

    def unplug(self) -> None:
        self.port.unplug()

    def unix_time(self) -> float:
        return self.now

    def held(self) -> bytes | None:
        return self.token.memory.slots[FORM.slot - 1].seed or None

    def code(self) -> str:
        return self.token.shows(FORM.slot - 1)

    def driver(self, **around: Any) -> TokenDriver:
        return super().driver(**({"access": self.access} | around))


class TestMolto2(AccessCodeBattery, HandBattery):
    profile = "molto2-v2"
    firmware: ClassVar[str] = "0.0.0"
    wait: ClassVar[Wait] = Wait.BUTTON
    hardware: ClassVar[Hardware] = SECOND

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        del folder
        subject = Molto2Subject(self.hardware, self.profile)
        subject.token.presses_at_once = True
        yield subject

    def tries_left(self, subject: Subject) -> int:
        return cast(Molto2Subject, subject).token.memory.tries_left

    def ask_for_hand(self, subject: Subject) -> None:
        molto2 = cast(Molto2Subject, subject)
        molto2.access, molto2.token.presses_at_once = AccessCode(OURS, in_force=False), False

    def hand(self, subject: Subject) -> None:
        cast(Molto2Subject, subject).token.press_up()


class TestFirstMolto2(TestMolto2):
    profile = "molto2-v1"
    hardware = FIRST


# what only this token does


@pytest.fixture
def subject() -> Molto2Subject:
    return Molto2Subject()


def test_the_first_revision_holds_half_as_many() -> None:
    first = Molto2Subject(FIRST, "molto2-v1")
    first.write(seed(1), CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20, slot=50))
    with pytest.raises(OverLimits):
        first.write(seed(1), CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20, slot=51))


def test_the_clock_is_set_with_the_credential(subject: Molto2Subject) -> None:
    receipt = subject.write(seed(1))
    assert receipt.clock_offset_s == 0
    assert subject.token.memory.slots[FORM.slot - 1].clock_offset_s == 0
    assert (receipt.generation_before, receipt.generation_after, receipt.locked) == (0, 0, None)


def test_title_and_parameters_stand_beside_the_code(subject: Molto2Subject) -> None:
    subject.write(seed(1, 32), CredentialForm(OtpType.TOTP, Algorithm.SHA256, 10, 30, 32, slot=3))
    slot = subject.token.memory.slots[2]
    assert (slot.title, slot.algorithm, slot.digits, slot.step_s) == ("KAGIYA", 2, 10, 30)


def test_a_clock_that_cannot_be_set_is_found_before_a_seed_is_written(subject: Molto2Subject) -> None:
    subject.write(seed(1))
    subject.token.clock_stopped = True
    with pytest.raises(WrongClock):
        subject.write(seed(2))
    assert subject.held() == seed(1)


def test_the_clock_alone(subject: Molto2Subject) -> None:
    with subject.opened() as driver:
        assert isinstance(driver, SetsClock)
        assert driver.set_clock(1_800_000_000) == 1_800_000_000


def test_a_seed_of_zeros_cannot_be_held(subject: Molto2Subject) -> None:
    with pytest.raises(OverLimits):
        subject.write(bytes(20))
    with subject.opened() as driver, pytest.raises(OverLimits):
        driver.erase(101)


def test_a_wrong_seed_in_the_token_shows_in_its_code(subject: Molto2Subject) -> None:
    """The token tells no code: the one on its screen, typed by the teller, gives it away."""
    subject.token.spoils_seed = True
    receipt = subject.write(seed(1))
    assert receipt.code == ""
    assert subject.code() != subject.expected_code(seed(1), FORM, subject.now)


def test_a_token_that_keeps_no_parameters_is_not_proved(subject: Molto2Subject) -> None:
    real = subject.token.memory.slots[2]
    subject.write(seed(1))
    with subject.opened() as driver:
        subject.bus.on_report = lambda _number: setattr(real, "digits", 6)
        with pytest.raises(NotProved):
            driver.program(SlotProgram(FORM, seed(2), "KAGIYA"))


def test_another_token_than_the_one_named_gets_no_seed(subject: Molto2Subject) -> None:
    (seen,) = survey(subject.desk)
    assert seen.serial == subject.serial
    with pytest.raises(WrongSerial):
        open_named(subject.desk, subject.sighting(), subject.profile, "826600000000000")
    with subject.opened() as driver:
        subject.token.told_serial = "826600000000000"
        with pytest.raises(WrongSerial):
            driver.program(SlotProgram(FORM, seed(1), "KAGIYA"))
    assert subject.held() is None


def test_a_strangers_key_is_not_guessed_to_death(subject: Molto2Subject) -> None:
    subject.token.lock_with(b"somebody else's!")
    with pytest.raises(WrongAccessCode) as caught:
        subject.write(seed(1))
    assert caught.value.tries_left == TRIES - 1
    subject.token.memory.tries_left = 2
    with pytest.raises(WrongAccessCode) as caught:
        subject.write(seed(1), access=AccessCode(OURS, in_force=False))
    assert caught.value.tries_left == 1
    for _ in range(3):
        with pytest.raises(LastTry):
            subject.write(seed(1), access=AccessCode(OURS, in_force=False))
    assert subject.token.memory.tries_left == 1


def test_what_another_station_was_told_counts_here_too(subject: Molto2Subject) -> None:
    subject.token.lock_with(b"somebody else's!")
    subject.token.memory.tries_left = 1
    for access in (AccessCode(OURS, in_force=False, tries_left=1), AccessCode(OURS, in_force=True, tries_left=1)):
        with pytest.raises(LastTry):
            subject.write(seed(1), access=access)
    assert subject.token.memory.tries_left == 1
    subject.token.memory.tries_left = 3
    with pytest.raises(WrongAccessCode):
        subject.write(seed(1), access=AccessCode(OURS, in_force=False, tries_left=3, may_use_last_try=True))


def test_a_locked_token_says_so(subject: Molto2Subject) -> None:
    subject.token.memory.tries_left = 0
    with pytest.raises(DeviceLocked) as caught:
        subject.write(seed(1))
    assert caught.value.problem().code is FailureCode.DEVICE_LOCKED


def test_a_token_whose_owner_reset_it_is_found(subject: Molto2Subject) -> None:
    """Ours should be in force and the factory's is."""
    subject.token.presses_at_once = True
    receipt = subject.write(seed(1), access=AccessCode(OURS, in_force=True))
    assert receipt.locked is True
    assert subject.token.memory.key == session_key(OURS[:16])


def test_an_erasure_leaves_the_lock_as_it_is(subject: Molto2Subject) -> None:
    subject.write(seed(1))
    for access, locked in ((None, None), (AccessCode(OURS, in_force=False), False)):
        with subject.opened(access=access) as driver:
            assert driver.erase(3).locked is locked
    assert subject.token.memory.slots[2].title == "KAGIYA"


def test_a_key_that_was_not_confirmed_is_found_when_it_was_later(subject: Molto2Subject) -> None:
    subject.hurry()
    with subject.opened(access=AccessCode(OURS, in_force=False)) as driver:
        with pytest.raises(NotTouched):
            driver.program(SlotProgram(FORM, seed(1), "KAGIYA"))
        subject.token.press_up()
    assert subject.held() is None
    subject.write(seed(2), access=AccessCode(OURS, in_force=False))
    assert subject.held() == seed(2)


def test_whoever_comes_next_finds_no_authenticated_session(subject: Molto2Subject) -> None:
    subject.write(seed(1))
    title = CustomerKey(FACTORY_KEY).write_title(2, "OTHER").encode()
    assert subject.token.exchange(title, lambda: None).hex() == "6982"


def test_a_token_that_is_gone_is_closed_all_the_same(subject: Molto2Subject) -> None:
    with subject.opened():
        subject.unplug()
    subject.plug()
    subject.write(seed(1))


@pytest.mark.parametrize(
    ("ins", "answer", "error", "words"),
    [
        (0x4B, "6D00", RefusedByDevice, "unknown_command"),
        (0x4B, "11229000", BadAnswer, "wrong length"),
        (0xCE, "6F00", RefusedByDevice, "6f00"),
        (0xC5, "6988", RefusedByDevice, "write_seed"),
        (0xD7, "6A80", RefusedByDevice, "change_key"),
        (0x41, "9000", BadAnswer, "identify"),
    ],
)
def test_refusals_are_typed(
    subject: Molto2Subject, ins: int, answer: str, error: type[DeviceError], words: str
) -> None:
    with subject.opened(access=AccessCode(OURS, in_force=False)) as driver:
        subject.token.presses_at_once = True
        Canned(subject.token, ins, answer)
        with pytest.raises(error, match=words) as caught:
            driver.program(SlotProgram(FORM, seed(1), "KAGIYA"))
    check_failure(caught.value, seed(1), OURS)


def test_a_key_that_takes_no_confirmation(subject: Molto2Subject) -> None:
    """Where no screen asks, the change is done at once or it did not happen."""
    Canned(subject.token, 0xD7, "9000")
    with pytest.raises(WrongAccessCode):
        subject.write(seed(1), access=AccessCode(OURS, in_force=False))
    assert subject.held() is None


def test_a_token_that_is_silent_while_its_screen_asks(subject: Molto2Subject) -> None:
    subject.hurry()
    real, token = subject.token.exchange, subject.token

    def refuse_while_asking(apdu: bytes, extend: Any) -> bytes:
        return b"\x69\x85" if token.asks and apdu[1] == 0x4B else real(apdu, extend)

    token.exchange = refuse_while_asking  # type: ignore[method-assign]
    with pytest.raises(NotTouched):
        subject.write(seed(1), access=AccessCode(OURS, in_force=False))


def test_a_key_link_is_the_only_one_it_speaks_over(subject: Molto2Subject) -> None:
    around = Surroundings(subject.profile, subject.unix_time, {})
    with pytest.raises(TypeError):
        Molto2Driver(object(), around, TriesLeft())  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 16), ANSWERS, st.booleans())
def test_garbage_in_good_frames_is_a_typed_failure(number: int, answer: bytes, erase: bool) -> None:
    subject = Molto2Subject()
    subject.token.presses_at_once = True
    subject.write(seed(1))
    subject.hurry()
    answer_at(subject.token, number, answer)
    try:
        with subject.opened(access=AccessCode(OURS, in_force=False)) as driver:
            if erase:
                driver.erase(FORM.slot)
            else:
                driver.program(SlotProgram(FORM, seed(2), "KAGIYA"))
    except DeviceError as error:
        check_failure(error, seed(1), seed(2), OURS)
    assert subject.held() in (seed(1), seed(2), None)
