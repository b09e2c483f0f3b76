"""OnlyKey: its bytes as the note tells them, and everything that it cannot do or that stands in the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.attach import Desk, scan, survey
from devices.contract import FailureCode
from devices.driver import SlotProgram, Surroundings
from devices.drivers.onlykey.driver import OnlyKey
from devices.errors import BadAnswer, DeviceError, DeviceLocked, LinkTimeout, NotProved, OverLimits
from devices.links import AttachedDevice
from devices.profile_files import load_profiles
from tests.devices.doubles import AnyReports
from tests.devices.onlykeys import FORM, OnlyKeySubject
from tests.devices.patience import shipped
from tests.devices.reckoning import otp_code
from tests.devices.subject import check_failure, seed
from tests.devices.vectors import vectors
from tests.rig.onlykey.device import EmulatedOnlyKey, Model
from tests.rig.onlykey.memory import Slot
from tests.rig.onlykey.usb import FIDO, KEYBOARD, RAW_HID, usb_plan
from tests.rig.wire.report_port import ReportPort
from tests.rig.wire.socket import SocketBus

SECRET = bytes.fromhex("3132333435363738393031323334353637383930")
NOW = 1_795_158_000


@pytest.fixture
def subject() -> OnlyKeySubject:
    return OnlyKeySubject()


class Tape:
    """A link that answers each request with what a script says, by how it begins, and keeps what was sent."""

    path = "tape"
    report_size = 64

    def __init__(self, answers: dict[bytes, list[bytes]]) -> None:
        self.sent: list[bytes] = []
        self._answers = answers
        self._waiting: list[bytes] = []

    def send(self, report: bytes) -> None:
        self.sent.append(report)
        for begin, answers in self._answers.items():
            if report[4:].startswith(begin):
                self._waiting += [answer.ljust(64, b"\0") for answer in answers]

    def receive(self, timeout_s: float) -> bytes:
        if not self._waiting:
            raise LinkTimeout(self.path, waited_s=timeout_s)
        return self._waiting.pop(0)

    def close(self) -> None:
        pass


CONNECT, GET_LABELS, SET_SEED, SET_LABEL = b"\xe4", b"\xe5", b"\xe6\x01\x09", b"\xe6\x01\x01"


def surroundings(title: str = "onlykey") -> Surroundings:
    (profile,) = (profile for profile in shipped() if profile.name == title)
    return Surroundings(profile, lambda: float(NOW), {}, expected_serial="OK-0001")


LABELS = [bytes([n if n <= 9 else n + 6]) + b"|" + (b"\xff" * 16) for n in range(1, 13)]


def test_a_write_is_the_notes_reports() -> None:
    tape = Tape(
        {
            CONNECT: [b"UNLOCKEDv2.1.2-prodc"],
            GET_LABELS: [b"\x01|KAGIYA", *LABELS[1:]],
            SET_SEED: [b"Successfully set 2FA Key"],
            SET_LABEL: [b"Successfully set Label"],
        }
    )
    key = OnlyKey(tape, surroundings())
    key.identify()
    receipt = key.program(SlotProgram(FORM, SECRET, "KAGIYA"))
    assert (receipt.serial, receipt.model, receipt.firmware) == ("OK-0001", "OnlyKey", "2.1.2")
    assert (receipt.code, receipt.reports) == ("", 30)
    noted = [
        vectors(name, "onlykey")["request"]
        for name in ("connect", "get_labels", "set_seed", "set_label", "get_labels")
    ]
    assert [report.rstrip(b"\0").hex() for report in tape.sent] == noted


def test_an_erasure_is_the_notes_report() -> None:
    parts = ["Label", "URL", "Additional Characters", "Delay 1", "Username"]
    parts += ["Delay 2", "Password", "Delay 3", "2FA Type", "2FA Key"]
    wiped = [f"Successfully wiped {part}".encode() for part in parts]
    tape = Tape({b"\xe7": wiped, GET_LABELS: LABELS})
    OnlyKey(tape, surroundings()).erase(3)
    noted = [vectors(name, "onlykey")["request"] for name in ("wipe_slot", "get_labels")]
    assert [report.rstrip(b"\0").hex() for report in tape.sent] == noted


def test_the_first_time_since_power_is_the_keys_time(subject: OnlyKeySubject) -> None:
    assert subject.key.clock_offset_s is None
    subject.write(SECRET)
    assert abs(subject.key.clock_offset_s or 0) < 3
    subject.unplug()
    subject.plug()
    assert subject.key.press(1) == "NOTSET"


def test_a_second_time_is_not_taken(subject: OnlyKeySubject) -> None:
    subject.key.take_report(b"\xff\xff\xff\xff\xe4" + (NOW - 3600).to_bytes(4) + bytes(55))
    offset_s = subject.key.clock_offset_s
    assert offset_s is not None
    subject.write(SECRET)
    assert abs((subject.key.clock_offset_s or 0) - offset_s) < 3
    assert subject.code() != otp_code(SECRET, FORM, subject.unix_time())
    subject.unplug()
    subject.plug()
    subject.write(SECRET)
    assert abs(subject.key.clock_offset_s or 0) < 3


def test_only_the_raw_interface_is_ever_opened(subject: OnlyKeySubject) -> None:
    shown = {device.interface: device for device in subject.port_bus.scan()}
    assert set(shown) == {KEYBOARD, FIDO, RAW_HID}
    assert (shown[KEYBOARD].usage_page, shown[KEYBOARD].usage) == (1, 6)
    assert shown[FIDO].usage_page == 0xF1D0
    assert [sighting.device.interface for sighting in scan(subject.desk)] == [RAW_HID]
    survey(subject.desk)
    subject.write(SECRET)
    assert set(subject.port.opened) == {RAW_HID}


@pytest.mark.parametrize("product", ["Teensyduino RawHID", ""])
def test_another_gadget_with_the_same_ids_is_left_alone(product: str) -> None:
    teensy = AttachedDevice("x", "hid", 0x16C0, 0x0486, 2, 0xFFAB, 2, product)  # type: ignore[arg-type]
    assert not any(profile.fits(teensy) for profile in load_profiles())
    assert any(profile.fits(replace(teensy, product="ONLYKEY")) for profile in load_profiles())


def test_a_locked_key_says_so_and_is_usable_after_its_pin(subject: OnlyKeySubject) -> None:
    subject.port.unplug()
    subject.port.plug()
    (seen,) = survey(subject.desk)
    assert seen.problem is not None
    assert seen.problem.code is FailureCode.DEVICE_LOCKED
    subject.key.enter_pin()
    (seen,) = survey(subject.desk)
    assert seen.problem is None


def test_a_key_without_a_pin_is_locked() -> None:
    key = EmulatedOnlyKey(time.time, initialized=False)
    desk = Desk((SocketBus([ReportPort(usb_plan(key))]),), load_profiles(), {}, time.time)
    (seen,) = survey(desk)
    assert seen.problem is not None
    assert (seen.problem.code, seen.problem.facts["what"]) == (FailureCode.DEVICE_LOCKED, "pin_not_set")


def test_a_key_locked_while_it_is_written_is_told(subject: OnlyKeySubject) -> None:
    with subject.opened() as driver:
        subject.key.lose_power()
        with pytest.raises(DeviceLocked, match="pin"):
            driver.program(SlotProgram(FORM, SECRET))
    assert subject.held() is None


def test_a_key_that_wants_its_configuration_mode_is_told_so() -> None:
    subject = OnlyKeySubject(needs_config_mode=True)
    with pytest.raises(DeviceLocked, match="config_mode") as caught:
        subject.write(SECRET)
    check_failure(caught.value, SECRET)
    subject.key.enter_config_mode()
    subject.write(SECRET)
    assert subject.held() == SECRET


@pytest.mark.parametrize("at", [0, 7, 16])
def test_a_seed_that_the_key_would_cut_is_refused_before_a_byte_is_sent(subject: OnlyKeySubject, at: int) -> None:
    secret = seed(1)[:at] + bytes(4) + seed(1)[at + 4 :]
    sent: list[int] = []
    with subject.opened() as driver:
        subject.bus.on_report = sent.append
        with pytest.raises(OverLimits) as caught:
            driver.program(SlotProgram(FORM, secret))
    assert sent == []
    check_failure(caught.value, secret)


def test_zeros_at_a_seeds_end_make_no_difference(subject: OnlyKeySubject) -> None:
    secret = seed(1)[:17] + bytes(3)
    began = subject.unix_time()
    subject.write(secret)
    shown = subject.code()
    # the key's clock is set in whole seconds
    moments = (began - 0.5, subject.unix_time(), subject.unix_time() + 0.5)
    assert shown in {otp_code(secret, FORM, at) for at in moments}


def test_the_title_becomes_the_label(subject: OnlyKeySubject) -> None:
    subject.write(SECRET)
    assert subject.key.slots[1].label.rstrip(b"\0") == b"KAGIYA"


def test_what_somebody_else_kept_in_the_slot_is_wiped_and_not_typed(subject: OnlyKeySubject) -> None:
    subject.key.slots[1] = Slot().with_label(b"mail").with_text(5, b"hunter2")
    subject.write(SECRET)
    assert subject.key.slots[1].texts == ()
    assert subject.held() == SECRET


def test_other_slots_are_never_touched(subject: OnlyKeySubject) -> None:
    subject.key.slots[2] = mine = Slot().with_label(b"mail").with_seed(seed(5))
    subject.write(SECRET)
    with subject.opened() as driver:
        driver.erase(1)
    assert subject.key.slots[2] == mine


def test_a_duo_is_not_taken_for_an_onlykey_nor_the_other_way_round() -> None:
    for model, name in ((Model.COLOR, "onlykey"), (Model.ORIGINAL, "onlykey"), (Model.DUO, "onlykey-duo")):
        (seen,) = survey(OnlyKeySubject(model).desk)
        assert seen.profile == name


def test_two_keys_that_cannot_be_told_apart_are_both_unusable() -> None:
    subjects = [OnlyKeySubject(), OnlyKeySubject()]
    desk = replace(subjects[0].desk, buses=tuple(subject.port_bus for subject in subjects))
    problems = [seen.problem for seen in survey(desk)]
    assert [problem.code for problem in problems if problem] == [FailureCode.NOT_ALONE] * 2


def test_sentences_that_nobody_asked_for_are_passed_over(subject: OnlyKeySubject) -> None:
    with subject.opened() as driver:
        subject.key.enter_pin()
        driver.program(SlotProgram(FORM, SECRET))
    assert subject.held() == SECRET


def test_a_key_that_takes_its_time_is_waited_for(subject: OnlyKeySubject) -> None:
    subject.key.take_time()
    began_s = time.monotonic()
    subject.write(SECRET)
    assert time.monotonic() - began_s >= 2 * 11 * 0.02
    assert subject.held() == SECRET


def test_a_label_that_does_not_stand_is_not_proved() -> None:
    answers = {
        CONNECT: [b"UNLOCKEDv2.1.2-prodc"],
        GET_LABELS: LABELS,
        SET_SEED: [b"Successfully set 2FA Key"],
        SET_LABEL: [b"Successfully set Label"],
    }
    key = OnlyKey(Tape(answers), surroundings())
    key.identify()
    with pytest.raises(NotProved, match="label"):
        key.program(SlotProgram(FORM, SECRET, "KAGIYA"))


@pytest.mark.parametrize("slot", [0x0B + 6 + 2, 200])
def test_a_label_of_a_slot_that_there_is_not_is_no_answer(slot: int) -> None:
    labels = [bytes([slot, *label[1:]]) if label[0] == 1 else label for label in LABELS]
    key = OnlyKey(Tape({CONNECT: [b"UNLOCKEDv2.1.2-prodc"], GET_LABELS: labels}), surroundings())
    key.identify()
    with pytest.raises(BadAnswer):
        key.program(SlotProgram(FORM, SECRET, "KAGIYA"))


@pytest.mark.parametrize(
    ("sentence", "error"),
    [
        (b"Error device locked", DeviceLocked),
        (b"Error OnlyKey must be initialized first", DeviceLocked),
        (b"Error password already enabled on this slot, device PIN required", DeviceLocked),
        (b"Error of a kind to come", BadAnswer),
        (b"Successfully set Label", BadAnswer),
        (b"\xff\x01\x02", BadAnswer),
        (b"", BadAnswer),
    ],
)
def test_an_error_is_a_sentence(sentence: bytes, error: type[DeviceError]) -> None:
    tape = Tape({CONNECT: [b"UNLOCKEDv2.1.2-prodc"], GET_LABELS: LABELS, SET_SEED: [sentence]})
    key = OnlyKey(tape, surroundings())
    key.identify()
    with pytest.raises(error) as caught:
        key.program(SlotProgram(FORM, SECRET, "KAGIYA"))
    check_failure(caught.value, SECRET)


@pytest.mark.parametrize(
    "text", [b"UNLOCKED", b"UNLOCKEDv2.1-prodc", b"UNLOCKEDv2.1.2-prodx", b"Successfully set Label"]
)
def test_a_version_that_cannot_be_read_is_no_identity(text: bytes) -> None:
    with pytest.raises(BadAnswer):
        OnlyKey(Tape({CONNECT: [text]}), surroundings()).identify()


def reports() -> st.SearchStrategy[list[bytes]]:
    texts = [b"UNLOCKEDv2.1.2-prodc", b"INITIALIZED", b"Successfully set 2FA Key", b"Successfully wiped 2FA Key"]
    known = st.sampled_from([*texts, *LABELS])
    labels = st.builds(lambda code, text: bytes([code]) + b"|" + text, st.integers(1, 255), st.binary(max_size=62))
    any_ = st.one_of(known, labels, st.binary(max_size=64), st.text(max_size=20).map(str.encode))
    return st.lists(any_.map(lambda report: report[:64].ljust(64, b"\0")), max_size=40)


@settings(max_examples=200, deadline=None)
@given(reports())
def test_garbage_at_any_read_is_a_typed_error(answers: list[bytes]) -> None:
    key = OnlyKey(AnyReports(iter(answers)), surroundings())
    try:
        key.identify()
        key.program(SlotProgram(FORM, SECRET, "KAGIYA"))
    except DeviceError as error:
        check_failure(error, SECRET)
    key.close()


def test_endless_talk_ends_with_the_time_allowed() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"UNLOCKEDv2.1.2-prodc".ljust(64, b"\0")

    around = surroundings()
    timing = replace(around.profile.timing, open_timeout_s=0.1)
    key = OnlyKey(AnyReports(endless()), replace(around, profile=replace(around.profile, timing=timing)))
    with pytest.raises(LinkTimeout):
        key.program(SlotProgram(FORM, SECRET))
