"""Every vector of yubikey-otp.md: the driver sends these reports, the emulated key gives these back."""

from __future__ import annotations

from functools import partial

import pytest

from devices.drivers.yubikey_otp.messages import (
    BAD_SCAN_MAP,
    BLANK,
    RESET,
    Command,
    Flags,
    Status,
    challenge,
    decode_answer,
    decode_info_serial,
    decode_status,
    flags,
    record,
    to_reports,
)
from devices.otp import decimal_code, truncated
from devices.profiles import Version
from tests.devices.vectors import hexed, series
from tests.devices.yubikey_otp.subject import TOTP
from tests.rig.yubikey_otp.device import EmulatedYubiKey

value = partial(hexed, note="yubikey-otp")
reports = partial(series, note="yubikey-otp")
SECRET = b"12345678901234567890"
NO_CODE = bytes(6)
OF_CHALLENGES = flags(TOTP, touch=False)
FRAMES = [
    ("serial", Command.SERIAL, b""),
    ("info", Command.INFO, b""),
    ("frame", Command.CONFIGURE_1, value("frame", "record") + NO_CODE),
    ("challenge_slot", Command.CONFIGURE_2, value("challenge_slot", "record") + NO_CODE),
    ("challenge", Command.CHALLENGE_2, challenge(1)),
    ("clear", Command.CONFIGURE_2, BLANK + NO_CODE),
    ("bad_scan_map", Command.SCAN_MAP, BAD_SCAN_MAP),
]


def key_with(*blocks: str) -> EmulatedYubiKey:
    """A key that was sent these blocks' requests."""
    key = EmulatedYubiKey(8_675_309, (5, 4, 3))
    for block in blocks:
        for report in reports(block, "request"):
            key.set_feature(report)
    return key


@pytest.mark.parametrize(
    ("block", "command", "payload"),
    FRAMES,
)
def test_frames(block: str, command: Command, payload: bytes) -> None:
    assert to_reports(command, payload) == reports(block, "request")


def test_records() -> None:
    noted = Flags(0x34, 0x60, 0x42)
    assert record(SECRET, 16, bytes.fromhex("010203040506"), noted) == value("frame", "record")
    assert record(SECRET, 0, NO_CODE, OF_CHALLENGES) == value("challenge_slot", "record")


def test_an_empty_keys_status() -> None:
    report = value("empty_status", "report")
    assert key_with().get_feature() == report
    assert decode_status(report) == Status(Version(5, 4, 3), 0, frozenset())


@pytest.mark.parametrize(
    ("blocks", "status"), [(("challenge_slot",), (1, {2})), (("challenge_slot", "clear"), (0, set()))]
)
def test_changes(blocks: tuple[str, ...], status: tuple[int, set[int]]) -> None:
    report = value(blocks[-1], "status")
    assert key_with(*blocks).get_feature() == report
    assert decode_status(report) == Status(Version(5, 4, 3), status[0], frozenset(status[1]))


def test_every_command_has_its_exchange() -> None:
    both_slots = {Command.CONFIGURE_1: Command.CONFIGURE_2, Command.CHALLENGE_1: Command.CHALLENGE_2}
    assert {both_slots.get(command, command) for command in Command} <= {command for _, command, _ in FRAMES}


@pytest.mark.parametrize("blocks", [("serial",), ("info",), ("challenge_slot", "challenge")])
def test_answers(blocks: tuple[str, ...]) -> None:
    key = key_with(*blocks)
    answer = reports(blocks[-1], "answer")
    assert [key.get_feature() for _ in answer] == answer
    key.set_feature(RESET)
    assert key.get_feature()[7] == 0
    assert value("serial", "reset") == RESET


def test_the_serial_number_among_other_information() -> None:
    data = b"".join(report[:7] for report in reports("info", "answer"))
    assert decode_info_serial(decode_answer(data, data[0] + 1, Command.INFO)) == "8675309"


def test_the_code_of_the_answer() -> None:
    data = b"".join(report[:7] for report in reports("challenge", "answer"))
    assert decimal_code(truncated(data[:20]), 8) == "94287082"


def test_a_bad_scan_map_changes_nothing() -> None:
    assert key_with("challenge_slot", "bad_scan_map").get_feature() == value("challenge_slot", "status")
