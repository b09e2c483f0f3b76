"""The YubiKey driver: the note's frame byte for byte, and what it does when a key is not as it should be."""

from __future__ import annotations

import time
from dataclasses import replace

import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.attach import survey
from devices.contract import FailureCode, Wait
from devices.driver import AccessCode, SlotProgram, Surroundings
from devices.drivers.yubikey_otp.driver import YubiKeyOtp
from devices.drivers.yubikey_otp.messages import Command, Flags, challenge, checksum, record, to_reports
from devices.errors import (
    BadAnswer,
    DeviceError,
    LinkTimeout,
    NotProved,
    NotTouched,
    OverLimits,
    RefusedByDevice,
    WrongAccessCode,
    WrongSerial,
)
from devices.profiles import Version
from tests.devices.subject import check_failure, seed
from tests.devices.yubikey_otp.host import RECORD, REPORTS
from tests.devices.yubikey_otp.host import record as host_record
from tests.devices.yubikey_otp.host import send as host_send
from tests.devices.yubikey_otp.subject import HOTP, TOTP, YubiKeySubject
from tests.rig.yubikey_otp.device import REAL
from tests.rig.yubikey_otp.usb import Applications

SECRET = b"12345678901234567890"
OURS = AccessCode(seed(1, 32), in_force=False)
OLD_ACCESS = bytes.fromhex("010203040506")


def test_the_notes_checksums_and_frame() -> None:
    assert checksum(bytes(64)) == 0x5B6B
    assert checksum(b"123456789") == 0x6F91
    body = record(SECRET, 16, OLD_ACCESS, Flags(0x34, 0x60, 0x42))
    assert body == RECORD
    assert to_reports(Command.CONFIGURE_1, body + bytes(6)) == list(REPORTS)


def test_a_challenge_never_ends_as_its_padding_does() -> None:
    for moment in (0, 1, 255, 256, 0x0101, 2**40):
        block = challenge(moment)
        assert len(block) == 64
        assert block.rstrip(block[-1:]) == moment.to_bytes(8)


def test_identify() -> None:
    subject = YubiKeySubject(applications=Applications.ALL)
    with subject.opened() as driver:
        identity = driver.identify()
    assert (identity.serial, identity.model) == ("8675309", "YubiKey")
    assert identity.firmware == Version(5, 4, 3)
    assert not identity.holds_credential


@pytest.mark.parametrize(
    ("firmware", "profile"),
    [
        ((2, 2, 0), "yubikey-2"),
        ((4, 0, 0), "yubikey-4"),
        ((4, 4, 5), "yubikey-4"),
        ((5, 0, 0), "yubikey-5"),
        ((5, 7, 4), "yubikey-5"),
    ],
)
def test_firmware_chooses_the_profile(firmware: tuple[int, int, int], profile: str) -> None:
    (seen,) = survey(YubiKeySubject(profile, firmware).desk)
    assert (seen.problem, seen.profile) == (None, profile)


@pytest.mark.parametrize("firmware", [(2, 1, 9), (6, 0, 0)])
def test_firmware_outside_every_range_is_refused(firmware: tuple[int, int, int]) -> None:
    subject = YubiKeySubject(firmware=(min(firmware[0], 5), 4, 3))
    subject.key.application.firmware = firmware
    (seen,) = survey(subject.desk)
    assert seen.problem is not None
    assert seen.problem.code is FailureCode.UNSUPPORTED_FIRMWARE


def test_the_notes_credential_is_typed_by_the_key() -> None:
    subject = YubiKeySubject(form=replace(HOTP, digits=8, counter=16))
    receipt = subject.write(SECRET)
    assert receipt.code == ""
    oracle = pyotp.HOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", digits=8)
    assert [subject.key.touch() for _ in range(2)] == [oracle.at(16), oracle.at(17)]


def test_a_counter_between_the_sixteens_and_one_too_high_are_refused() -> None:
    subject = YubiKeySubject(form=HOTP)
    for counter in (17, 0x10000 * 16):
        with pytest.raises(OverLimits, match="counter"):
            subject.write(SECRET, replace(HOTP, counter=counter))
    subject.write(SECRET, replace(HOTP, counter=0xFFFF * 16))


def test_a_code_is_read_again_in_the_session_that_wrote_it_only() -> None:
    subject = YubiKeySubject()
    with subject.opened() as driver:
        assert isinstance(driver, YubiKeyOtp)
        code = driver.program(SlotProgram(TOTP, SECRET)).code
        assert driver.read_code(2) in {code, subject.code()}
        with pytest.raises(RefusedByDevice):
            driver.read_code(1)
    with subject.opened() as driver:
        assert isinstance(driver, YubiKeyOtp)
        with pytest.raises(RefusedByDevice):
            driver.read_code(2)


def test_a_slot_kept_by_another_is_refused_and_stays() -> None:
    subject = YubiKeySubject()
    host_send(subject.key, 0x03, host_record(SECRET, 0x40, 0x26, access=OLD_ACCESS))
    for access in (None, OURS, replace(OURS, in_force=True)):
        with pytest.raises(WrongAccessCode) as caught:
            subject.write(seed(2), access=access)
        assert caught.value.tries_left is None
        check_failure(caught.value, seed(2), OURS.code)
    assert subject.held() == SECRET


def test_our_code_is_on_the_slot_after_a_write_and_gone_after_an_erasure() -> None:
    subject = YubiKeySubject()
    assert subject.write(SECRET, access=OURS).locked is True
    assert subject.key.application.slots[2].access == OURS.code[:6]
    with subject.opened(access=replace(OURS, in_force=True)) as driver:
        assert driver.erase(2).locked is False
    assert subject.write(SECRET).locked is None
    assert subject.key.application.slots[2].access == bytes(6)


def test_the_other_slot_stays_as_it_was() -> None:
    subject = YubiKeySubject()
    host_send(subject.key, 0x01, host_record(SECRET, 0x40, 0x42, access=OLD_ACCESS))
    subject.write(seed(2), access=OURS)
    with subject.opened(access=OURS) as driver:
        driver.erase(2)
    assert subject.key.held(1) == SECRET


def test_an_empty_slot_is_erased_too() -> None:
    subject = YubiKeySubject()
    with subject.opened() as driver:
        driver.erase(2)
        assert subject.key.application.sequence == 0
        driver.program(SlotProgram(TOTP, SECRET))
        driver.erase(1)
        driver.erase(2)
        driver.erase(2)
        with pytest.raises(OverLimits):
            driver.erase(3)
    assert subject.key.application.slots == {}


@pytest.mark.parametrize("after_255", [0, 1])
def test_the_sequence_goes_round(after_255: int) -> None:
    subject = YubiKeySubject()
    subject.write(SECRET)
    subject.key.application.sequence = 254
    subject.key.application.sequence_after_255 = after_255
    for number in (2, 3, 4):
        subject.write(seed(number))
    assert subject.held() == seed(4)


def test_a_neo_that_was_written_over_its_reader_is_understood() -> None:
    subject = YubiKeySubject("yubikey-neo", (3, 4, 9), Applications.OTP_CCID)
    subject.write(SECRET)
    subject.key.application.change_unseen()
    subject.write(seed(2))
    assert subject.held() == seed(2)


@pytest.mark.parametrize("firmware", [(3, 4, 9), (5, 4, 3)])
def test_a_key_whose_other_interface_was_in_use_is_asked_again(firmware: tuple[int, int, int]) -> None:
    subject = YubiKeySubject("yubikey-neo" if firmware[0] == 3 else "yubikey-5", firmware, Applications.ALL)
    subject.key.reclaim_refusals = 2
    (seen,) = survey(subject.desk)
    assert (seen.problem, seen.serial) == (None, subject.serial)


def test_a_key_that_keeps_its_serial_number_to_itself_is_told_so() -> None:
    subject = YubiKeySubject("yubikey-2", (2, 4, 3))
    host_send(subject.key, 0x01, host_record(SECRET, 0x40, 0x42, extended=0))
    (seen,) = survey(subject.desk)
    assert seen.problem is not None
    # from the fourth generation on the device information tells it all the same
    newer = YubiKeySubject()
    host_send(newer.key, 0x01, host_record(SECRET, 0x40, 0x42, extended=0))
    (seen,) = survey(newer.desk)
    assert (seen.problem, seen.serial) == (None, newer.serial)


def test_another_key_than_the_one_named_gets_nothing() -> None:
    subject = YubiKeySubject()
    subject.serial = "8675310"
    with pytest.raises(WrongSerial) as caught:
        subject.write(SECRET)
    assert (caught.value.serial, caught.value.found) == ("8675310", "8675309")
    assert subject.key.application.slots == {}


def test_a_key_that_takes_its_time_is_waited_for() -> None:
    subject = YubiKeySubject()
    subject.key.pace = REAL
    subject.write(SECRET, access=OURS)
    assert subject.held() == SECRET


def test_a_key_that_lets_the_touch_pass_says_so_itself() -> None:
    subject = YubiKeySubject()
    subject.ask_for_touch()
    subject.key.touch_wait_s = 0.2
    told: list[Wait] = []
    with pytest.raises(NotTouched) as caught:
        subject.write(SECRET, on_wait=told.append)
    assert told == [Wait.TOUCH, Wait.NONE]
    assert 0.1 < caught.value.waited_s < 15


def test_an_answer_left_over_from_another_program_is_put_away() -> None:
    subject = YubiKeySubject()
    host_send(subject.key, 0x10)
    subject.write(SECRET)
    host_send(subject.key, 0x38, b"\x01")
    assert subject.key.get_feature()[7] == 0x40
    subject.write(seed(2))
    assert subject.held() == seed(2)


def test_a_key_that_proves_another_secret_is_not_proved() -> None:
    subject = YubiKeySubject()

    def spoil(_number: int) -> None:
        held = subject.key.application.slots.get(2)
        if held is not None:
            subject.key.application.slots[2] = replace(held, body=held.body[:22] + b"\x55" + held.body[23:])

    subject.bus.on_report = spoil
    with pytest.raises(NotProved, match="code"):
        subject.write(SECRET)


class GarbageKey:
    """A key whose every report is whatever Hypothesis says; the last one for ever."""

    path = "garbage"

    def __init__(self, reports: list[bytes]) -> None:
        self._reports = reports

    def send_feature(self, number: int, data: bytes) -> None:
        assert (number, len(data)) == (0, 8)

    def get_feature(self, number: int, size: int) -> bytes:
        assert (number, size) == (0, 8)
        return self._reports.pop(0) if len(self._reports) > 1 else self._reports[0]

    def close(self) -> None:
        pass


def reports() -> st.SearchStrategy[list[bytes]]:
    """Anything, and things that look nearly right: idle with the right firmware, parts of answers, waits."""
    idle = st.builds(
        lambda sequence, flags: bytes([0, 5, 4, 3, sequence, flags, 0, 0]), st.integers(0, 255), st.integers(0, 31)
    )
    part = st.builds(
        lambda data, n: data + bytes([0x40 | n]), st.binary(min_size=7, max_size=7), st.integers(0, 31)
    )
    loose = st.binary(min_size=8, max_size=8)
    return st.lists(st.one_of(idle, part, loose), min_size=1, max_size=60)


@settings(max_examples=80, deadline=None, database=None)
@given(reports(), st.sampled_from([TOTP, HOTP]), st.booleans())
def test_garbage_is_a_typed_error_in_time(said: list[bytes], form: object, erase: bool) -> None:
    profile = YubiKeySubject().profile
    timing = replace(
        profile.timing,
        identify_timeout_s=0.02,
        operation_timeout_s=0.02,
        flash_timeout_s=0.02,
        hand_timeout_s=0.02,
    )
    around = Surroundings(replace(profile, timing=timing), time.time, {}, "8675309", access=OURS)
    driver = YubiKeyOtp(GarbageKey(said), around)
    began = time.monotonic()
    with pytest.raises(DeviceError) as caught:
        driver.erase(2) if erase else driver.program(SlotProgram(form, SECRET))  # type: ignore[arg-type]
    check_failure(caught.value, SECRET, OURS.code)
    driver.close()
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("report", "error"),
    [
        (bytes([0, 5, 4, 3, 0, 0, 0, 0x80]), LinkTimeout),
        (bytes([0, 5, 4, 3, 0, 0, 0, 0x9F]), LinkTimeout),
        (bytes([0, 5, 4, 3, 0, 0, 0, 0x45]), BadAnswer),
        (bytes([0, 5, 4, 3, 0, 0, 0, 0x2F]), BadAnswer),
    ],
)
def test_a_key_that_never_gets_ready(report: bytes, error: type[DeviceError]) -> None:
    subject = YubiKeySubject()
    subject.hurry()
    driver = YubiKeyOtp(GarbageKey([report]), Surroundings(subject.profile, time.time, {}))
    with pytest.raises(error):
        driver.identify()
