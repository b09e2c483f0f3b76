"""The emulated YubiKey, held against the note's frame and words by a host that shares nothing with the driver."""

from __future__ import annotations

import hmac

import pyotp
import pytest

from tests.devices.yubikey_otp.host import RECORD, REPORTS, RESET, flags_of, read_answer, record, reports_of, send
from tests.rig.usb.plan import CcidInterface, HidInterface, Stalled
from tests.rig.yubikey_otp.checksum import checksum
from tests.rig.yubikey_otp.device import EmulatedYubiKey, Pace
from tests.rig.yubikey_otp.keyboard import read_strokes
from tests.rig.yubikey_otp.usb import KEYBOARD_DESCRIPTOR, Applications, usb_plan

SECRET = b"12345678901234567890"
CODE = bytes.fromhex("010203040506")
CHALLENGE_RESPONSE = record(SECRET, 0x40, 0x26)


def test_the_checksum_is_the_notes() -> None:
    assert checksum(bytes(64)) == 0x5B6B
    assert checksum(b"123456789") == 0x6F91


def test_the_notes_frame_makes_an_hotp_slot() -> None:
    key = EmulatedYubiKey()
    assert flags_of(key) == (0, 0)
    for report in REPORTS:
        key.set_feature(report)
    assert flags_of(key) == (1, 0x05)
    assert key.held(1) == SECRET
    oracle = pyotp.HOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", digits=8)
    assert [key.touch() for _ in range(2)] == [oracle.at(16) + "\n", oracle.at(17) + "\n"]


def test_what_it_types_comes_key_by_key() -> None:
    key = EmulatedYubiKey()
    for report in REPORTS:
        key.set_feature(report)
    typed = key.touch()
    reports = list(iter(key.next_report, None))
    assert len(reports) == 2 * 9
    assert reports[1::2] == [bytes(8)] * 9
    assert read_strokes(reports) == typed
    key.touch()
    key.lose_power()
    assert key.next_report() is None


def test_the_helpers_make_the_notes_frame() -> None:
    assert reports_of(0x01, RECORD) == list(REPORTS)


def test_a_report_that_comes_too_soon_is_lost() -> None:
    now = [0.0]
    key = EmulatedYubiKey(pace=Pace(report_s=0.01), clock=lambda: now[0])
    for report in REPORTS:
        key.set_feature(report)
    assert key.get_feature()[7] == 0x80
    now[0] = 1.0
    assert flags_of(key) == (0, 0)
    for report in REPORTS:
        key.set_feature(report)
        now[0] += 0.02
    assert flags_of(key) == (1, 0x05)


def test_nothing_is_kept_before_the_last_report() -> None:
    key = EmulatedYubiKey()
    for report in REPORTS[:-1]:
        key.set_feature(report)
    key.lose_power()
    key.set_feature(REPORTS[-1])
    assert flags_of(key) == (0, 0)


def test_a_damaged_frame_is_passed_over() -> None:
    key = EmulatedYubiKey()
    for report in (*REPORTS[:3], bytes([REPORTS[3][0] ^ 1]) + REPORTS[3][1:], *REPORTS[4:]):
        key.set_feature(report)
    assert flags_of(key) == (0, 0)


def test_a_record_with_a_wrong_checksum_is_refused() -> None:
    key = EmulatedYubiKey()
    send(key, 0x01, RECORD[:-1] + b"\0")
    assert flags_of(key) == (0, 0)


def test_an_access_code_guards_its_slot() -> None:
    key = EmulatedYubiKey()
    send(key, 0x01, RECORD)
    send(key, 0x01, CHALLENGE_RESPONSE)
    send(key, 0x01, CHALLENGE_RESPONSE + bytes.fromhex("010203040507"))
    assert flags_of(key) == (1, 0x05)
    send(key, 0x01, CHALLENGE_RESPONSE + CODE)
    assert flags_of(key) == (2, 0x01)
    send(key, 0x01, RECORD)
    assert flags_of(key) == (3, 0x05)


def test_a_blank_record_clears_the_slot_and_the_sequence_of_an_empty_key_is_0() -> None:
    key = EmulatedYubiKey()
    send(key, 0x01, CHALLENGE_RESPONSE)
    send(key, 0x03, CHALLENGE_RESPONSE)
    send(key, 0x01, bytes(52))
    assert flags_of(key) == (3, 0x02)
    send(key, 0x03, bytes(52))
    assert flags_of(key) == (0, 0)
    send(key, 0x03, bytes(52))
    assert flags_of(key) == (0, 0)


def test_a_challenge_is_answered_with_its_hmac() -> None:
    key = EmulatedYubiKey()
    send(key, 0x03, CHALLENGE_RESPONSE)
    step = (59 // 30).to_bytes(8)
    send(key, 0x38, step)
    mac = read_answer(key, 20)
    assert mac == hmac.digest(SECRET, step, "sha1")
    start = mac[-1] & 15
    assert (int.from_bytes(mac[start : start + 4]) & 0x7FFFFFFF) % 10**8 == 94287082
    # a challenge that ends in 00 is padded with 01
    send(key, 0x38, bytes(8) + b"\x01" * 56)
    assert read_answer(key, 20) == hmac.digest(SECRET, bytes(8), "sha1")


def test_a_challenge_to_a_slot_that_is_none_is_not_answered() -> None:
    key = EmulatedYubiKey()
    send(key, 0x03, RECORD)
    for command in (0x30, 0x38):
        send(key, command, b"\x01")
        assert key.get_feature()[7] == 0


def test_a_slot_that_wants_a_finger_waits_for_it() -> None:
    now = [0.0]
    key = EmulatedYubiKey(clock=lambda: now[0])
    send(key, 0x01, record(SECRET, 0x40, 0x2E))
    assert flags_of(key)[1] == 0x05
    send(key, 0x30, b"\x07")
    assert key.get_feature()[7] == 0x20 | 15
    now[0] = 9.5
    assert key.get_feature()[7] == 0x20 | 6
    assert key.touch() == ""
    assert read_answer(key, 20) == hmac.digest(SECRET, b"\x07", "sha1")
    send(key, 0x30, b"\x07")
    now[0] = 30.0
    assert key.get_feature()[7] == 0
    send(key, 0x30, b"\x07")
    key.set_feature(RESET)
    assert key.get_feature()[7] == 0
    key.touch_after_s = 1.0
    send(key, 0x30, b"\x07")
    assert key.get_feature()[7] & 0x20
    now[0] = 31.5
    assert read_answer(key, 20) == hmac.digest(SECRET, b"\x07", "sha1")


def test_slots_are_swapped_and_updated() -> None:
    key = EmulatedYubiKey()
    send(key, 0x01, record(SECRET, 0x40, 0x42))
    send(key, 0x06)
    assert flags_of(key) == (2, 0x0A)
    send(key, 0x05, record(bytes(20), 0x60, 0x42))
    assert flags_of(key) == (3, 0x0A)
    assert key.held(2) == SECRET
    assert key.touch(2) == pyotp.HOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", digits=8).at(0) + "\n"
    send(key, 0x04, record(bytes(20), 0x60, 0x42))
    assert flags_of(key) == (3, 0x0A)


@pytest.mark.parametrize(("firmware", "kept"), [((4, 3, 1), False), ((4, 3, 4), True), ((4, 3, 6), False)])
def test_some_firmware_keeps_the_old_access_code_at_an_update(firmware: tuple[int, int, int], kept: bool) -> None:
    key = EmulatedYubiKey(firmware=firmware)
    send(key, 0x01, record(SECRET, 0x40, 0x42))
    send(key, 0x04, record(bytes(20), 0x40, 0x42, access=CODE))
    assert flags_of(key)[0] == 2
    assert key.application.slots[1].access == (bytes(6) if kept else CODE)


def test_the_serial_number_and_what_else_it_tells() -> None:
    key = EmulatedYubiKey(serial=8675309)
    usb_plan(key, Applications.OTP_FIDO)
    send(key, 0x10)
    assert int.from_bytes(read_answer(key, 4)) == 8675309
    send(key, 0x13)
    info = bytes.fromhex("17 0101 03 0204 00845fed 0301 03 0401 01 0503 050403 0a01 00")
    assert read_answer(key, len(info)) == info
    send(key, 0x01, record(SECRET, 0x40, 0x42, extended=0))
    send(key, 0x10)
    assert key.get_feature()[7] == 0


def test_a_neo_starts_slowly_and_shows_the_sequence_that_it_last_heard_of() -> None:
    key = EmulatedYubiKey(firmware=(3, 4, 9))
    assert [key.get_feature()[7] for _ in range(4)] == [0x9F, 0x9F, 0x9F, 0]
    send(key, 0x01, CHALLENGE_RESPONSE)
    key.application.change_unseen()
    assert flags_of(key)[0] == 1
    send(key, 0x12, b"c" * 51)
    assert flags_of(key)[0] == 2
    send(key, 0x13)
    assert key.get_feature()[7] == 0


def test_after_another_interface_was_in_use_it_answers_late() -> None:
    key = EmulatedYubiKey()
    key.reclaim_refusals = 1
    send(key, 0x10)
    assert key.get_feature()[7] == 0
    send(key, 0x10)
    assert read_answer(key, 4)


def test_a_report_of_another_size_stalls() -> None:
    with pytest.raises(Stalled):
        EmulatedYubiKey().set_feature(bytes(64))


@pytest.mark.parametrize(
    ("firmware", "applications", "product_id", "product"),
    [
        ((2, 4, 3), Applications.OTP, 0x0010, "Yubico Yubikey II"),
        ((3, 4, 9), Applications.OTP_CCID, 0x0111, "Yubikey NEO OTP+CCID"),
        ((4, 3, 7), Applications.OTP_FIDO, 0x0403, "Yubikey 4 OTP+U2F"),
        ((5, 4, 3), Applications.ALL, 0x0407, "YubiKey OTP+FIDO+CCID"),
    ],
)
def test_its_usb_form(
    firmware: tuple[int, int, int], applications: Applications, product_id: int, product: str
) -> None:
    plan = usb_plan(EmulatedYubiKey(firmware=firmware), applications)
    assert (plan.vendor_id, plan.product_id, plan.product) == (0x1050, product_id, product)
    keyboard = plan.interfaces[0]
    assert isinstance(keyboard, HidInterface)
    assert (keyboard.protocol, keyboard.interval_ms, keyboard.report_bytes) == (1, 10, 8)
    assert keyboard.report_descriptor == KEYBOARD_DESCRIPTOR
    assert len(plan.interfaces) == str(applications).count("+") + 1
    assert isinstance(plan.interfaces[-1], CcidInterface) is ("CCID" in applications)
