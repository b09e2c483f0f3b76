"""The YKOATH driver: the inherited batteries on three makers' keys, raw bytes, and what only these keys do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_mock import MockerFixture

from devices.attach import survey
from devices.contract import FailureCode, Wait
from devices.driver import ReadsCode, SlotProgram, Surroundings
from devices.drivers.ykoath.driver import YkOath
from devices.errors import (
    BadAnswer,
    DeviceError,
    DeviceLocked,
    NotProved,
    OverLimits,
    RefusedByDevice,
    WrongSerial,
)
from devices.profiles import CredentialForm
from tests.devices.battery import Battery
from tests.devices.battery_locks import HandBattery
from tests.devices.card_garbage import ANSWERS, Canned, answer_at
from tests.devices.oath_keys import FORM, HOTP_FORM, OathSubject
from tests.devices.subject import Subject, check_failure, seed
from tests.rig.ykoath.memory import Record
from tests.rig.ykoath.models import CANOKEY, NITROKEY_3, TOTP, YUBIKEY_4, YUBIKEY_5, Model


class TestYubiKey5(Battery):
    profile = "yubikey-5-oath"
    firmware: ClassVar[str] = "5.4.3"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        del folder
        yield OathSubject(YUBIKEY_5, "yubikey-5-oath")


class TestYubiKey4(Battery):
    profile = "yubikey-4-oath"
    firmware: ClassVar[str] = "4.3.5"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        del folder
        yield OathSubject(YUBIKEY_4, "yubikey-4-oath")


class TestCanoKeyCounting(Battery):
    profile = "canokey"
    firmware: ClassVar[str] = "6.0.0"
    form: ClassVar[CredentialForm] = HOTP_FORM

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        del folder
        yield OathSubject(CANOKEY, "canokey", self.form)


class TestCanoKey(TestCanoKeyCounting):
    form = FORM


class TestNitrokey3(HandBattery):
    profile = "nitrokey-3"
    firmware: ClassVar[str] = "4.14.0"
    wait: ClassVar[Wait] = Wait.TOUCH

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        del folder
        yield OathSubject(NITROKEY_3, "nitrokey-3")

    def ask_for_hand(self, subject: Subject) -> None:
        cast(OathSubject, subject).key.hand.at_once = False

    def hand(self, subject: Subject) -> None:
        cast(OathSubject, subject).key.hand.touch()


# what only these keys do


@pytest.fixture
def subject() -> OathSubject:
    return OathSubject(YUBIKEY_5, "yubikey-5-oath")


def test_four_and_five_differ_by_what_they_tell() -> None:
    four = OathSubject(YUBIKEY_4, "yubikey-4-oath")
    (seen,) = survey(four.desk)
    assert (seen.profile, seen.serial, seen.firmware) == ("yubikey-4-oath", "12345678", "4.3.5")
    assert four.write(seed(1)).code == four.code()
    newer = OathSubject(replace(YUBIKEY_5, version=(6, 0, 0)), "yubikey-5-oath")
    (seen,) = survey(newer.desk)
    assert seen.problem is not None
    assert seen.problem.code is FailureCode.UNSUPPORTED_FIRMWARE


@pytest.mark.parametrize(("counter", "codes"), [(0, ["755224", "287082"]), (3, ["969429", "338314"])])
@pytest.mark.parametrize("model", [YUBIKEY_5, CANOKEY])
def test_hotp_begins_at_the_counter_that_was_asked_for(model: Model, counter: int, codes: list[str]) -> None:
    profile = "canokey" if model is CANOKEY else "yubikey-5-oath"
    subject = OathSubject(model, profile, replace(HOTP_FORM, counter=counter))
    receipt = subject.write(b"12345678901234567890")
    if model is CANOKEY and counter == 0:
        # it counts before it makes a code, and cannot begin below 0
        assert receipt.code == codes[1]
    else:
        assert [receipt.code, subject.code()] == codes


def test_a_code_can_be_read_again(subject: OathSubject) -> None:
    receipt = subject.write(seed(1))
    with subject.opened() as driver:
        assert isinstance(driver, ReadsCode)
        assert driver.read_code(1) == receipt.code == subject.code()
        with pytest.raises(RefusedByDevice):
            driver.read_code(2)
    hotp = OathSubject(NITROKEY_3, "nitrokey-3", HOTP_FORM)
    hotp.write(seed(1))
    with hotp.opened() as driver:
        assert cast(ReadsCode, driver).read_code(1) == hotp.expected_code(seed(1), HOTP_FORM, 8)


def test_whoever_comes_next_finds_the_card_as_after_plugging_in(subject: OathSubject) -> None:
    subject.write(seed(1))
    assert subject.key.exchange(bytes.fromhex("00A10000"), lambda: None).hex() == "6d00"
    with subject.opened():
        subject.unplug()
    subject.plug()
    assert subject.write(seed(2)).code == subject.code()


def test_a_key_whose_keyboard_was_in_use_just_now_is_waited_for(
    subject: OathSubject, mocker: MockerFixture
) -> None:
    mocker.patch("devices.ccid._ABSENT_PAUSE_S", 0.01)
    # as the makers' own programs: six times half a second
    subject.port.reader.absent_looks = 6
    (seen,) = survey(subject.desk)
    assert (seen.serial, seen.problem) == (subject.serial, None)
    for profile in ("yubikey-4-oath", "yubikey-5-oath"):
        assert subject.desk.profile(profile).timing.open_timeout_s > 6 * 0.5


def test_another_title_or_period_replaces_the_credential_all_the_same(subject: OathSubject) -> None:
    subject.write(seed(1))
    with subject.opened() as driver:
        driver.program(SlotProgram(replace(FORM, period_s=30), seed(2), "OTHER BANK"))
    assert [*subject.key.memory.records] == [b"OTHER BANK:kagiya-1"]


def test_what_its_owner_keeps_on_it_stays(subject: OathSubject) -> None:
    mine = Record(b"mail:me", TOTP, 1, 6, b"x" * 20)
    subject.key.memory.records[mine.name] = mine
    subject.write(seed(1))
    subject.write(seed(2), replace(FORM, slot=2))
    with subject.opened() as driver:
        driver.erase(1)
    assert [*subject.key.memory.records] == [b"mail:me", b"60/KAGIYA:kagiya-2"]
    with subject.opened() as driver, pytest.raises(OverLimits):
        driver.erase(33)


def test_long_lists_are_read_to_their_end(subject: OathSubject) -> None:
    for number in range(20):
        name = b"%02d:%s" % (number, b"x" * 50)
        subject.key.memory.records[name] = Record(name, TOTP, 1, 6, b"x" * 20)
    subject.write(seed(1))
    assert subject.write(seed(2)).code == subject.code()


def test_a_full_key_says_so(subject: OathSubject) -> None:
    for number in range(YUBIKEY_5.records):
        name = b"%02d" % number
        subject.key.memory.records[name] = Record(name, TOTP, 1, 6, b"x" * 20)
    with pytest.raises(RefusedByDevice, match="full"):
        subject.write(seed(1))


def test_a_key_with_its_owners_password_is_left_alone(subject: OathSubject) -> None:
    subject.write(seed(1))
    subject.key.memory.access_key = bytes(16)
    with pytest.raises(DeviceLocked) as caught:
        subject.write(seed(2))
    check_failure(caught.value, seed(1), seed(2))
    with subject.opened() as driver, pytest.raises(DeviceLocked):
        driver.erase(1)
    assert subject.held() == seed(1)


def test_a_key_that_keeps_another_secret_is_not_proved(subject: OathSubject) -> None:
    subject.key.oath.spoils_secret = True
    with pytest.raises(NotProved) as caught:
        subject.write(seed(1))
    check_failure(caught.value, seed(1))


def test_another_key_than_the_one_named_gets_no_seed(subject: OathSubject) -> None:
    with subject.opened() as driver:
        subject.key.told_serial = bytes.fromhex("00000001")
        with pytest.raises(WrongSerial):
            driver.program(SlotProgram(FORM, seed(1), "KAGIYA"))
    assert subject.held() is None


def test_a_key_that_hides_its_serial_number_cannot_be_used(subject: OathSubject) -> None:
    subject.key.told_serial = b"\0"
    (seen,) = survey(subject.desk)
    assert seen.problem is not None
    assert seen.problem.code is FailureCode.BAD_ANSWER


def test_a_counter_that_no_key_can_hold(subject: OathSubject) -> None:
    with pytest.raises(OverLimits) as caught:
        subject.write(seed(1), replace(HOTP_FORM, counter=1 << 32))
    assert caught.value.limit == "counter"


@pytest.mark.parametrize(
    ("ins", "answer", "error", "words"),
    [
        (0xA1, "6F00", RefusedByDevice, "6f00"),
        (0xA1, "61FF", BadAnswer, "list"),
        (0xA1, "7201219000", NotProved, "name"),
        (0xA2, "6985", DeviceError, "waited_s"),
        (0xA2, "7605054C93CF189000", BadAnswer, "digits"),
        (0x01, "6A80", RefusedByDevice, "wrong_data"),
        (0x1D, "9000", BadAnswer, "read_configuration"),
    ],
)
def test_refusals_are_typed(
    subject: OathSubject, ins: int, answer: str, error: type[DeviceError], words: str
) -> None:
    with subject.opened() as driver:
        Canned(subject.key, ins, answer)
        with pytest.raises(error, match=words) as caught:
            driver.program(SlotProgram(FORM, seed(1), "KAGIYA"))
    check_failure(caught.value, seed(1))


def test_an_erasure_that_deletes_nothing_is_not_proved(subject: OathSubject) -> None:
    subject.write(seed(1))
    with subject.opened() as driver:
        Canned(subject.key, 0x02, "9000")
        with pytest.raises(NotProved):
            driver.erase(1)


def test_an_answer_without_end_is_given_up(subject: OathSubject) -> None:
    with subject.opened() as driver:
        Canned(subject.key, 0xA1, "00" * 200 + "61FF")
        real = subject.key.exchange
        subject.key.exchange = lambda apdu, extend: (  # type: ignore[method-assign]
            bytes(200) + b"\x61\xff" if apdu[1] == 0xA5 else real(apdu, extend)
        )
        with pytest.raises(BadAnswer, match="without end"):
            driver.erase(1)


def test_an_answer_in_crumbs_is_given_up_in_time(subject: OathSubject) -> None:
    subject.hurry("hand_timeout_s")
    with subject.opened() as driver:
        Canned(subject.key, 0xA1, "0061FF")
        real = subject.key.exchange

        def crumbs(apdu: bytes, extend: Any) -> bytes:
            if apdu[1] != 0xA5:
                return real(apdu, extend)
            time.sleep(0.01)
            return b"\0\x61\xff"

        subject.key.exchange = crumbs  # type: ignore[method-assign]
        began_s = time.monotonic()
        with pytest.raises(BadAnswer, match="without end"):
            driver.erase(1)
    assert time.monotonic() - began_s < 5


def test_only_bulk_endpoints_lead_to_the_card(subject: OathSubject) -> None:
    with pytest.raises(TypeError):
        YkOath(object(), Surroundings(subject.profile, subject.unix_time, {}))  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 16), ANSWERS, st.booleans())
def test_garbage_in_good_frames_is_a_typed_failure(number: int, answer: bytes, erase: bool) -> None:
    subject = OathSubject(YUBIKEY_5, "yubikey-5-oath")
    subject.write(seed(1))
    subject.hurry()
    answer_at(subject.key, number, answer)
    try:
        with subject.opened() as driver:
            if erase:
                driver.erase(FORM.slot)
            else:
                driver.program(SlotProgram(FORM, seed(2), "KAGIYA"))
    except DeviceError as error:
        check_failure(error, seed(1), seed(2))
    assert subject.held() in (seed(1), seed(2), None)
