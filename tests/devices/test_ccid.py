"""The station's CCID layer: bytes on the endpoints, chains, time extensions, stale answers, and any garbage."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_mock import MockerFixture

from devices.ccid import CcidCard, Patience
from devices.ccid_messages import Reader, error_name, parse_descriptor
from devices.contract import Wait
from devices.errors import (
    AnswerUnusable,
    BadAnswer,
    DeviceError,
    FrameDamaged,
    LinkFailed,
    LinkTimeout,
    NotTouched,
    RefusedByDevice,
)
from tests.rig.ccid.descriptor import ccid_descriptor
from tests.rig.usb.plan import CcidInterface, UsbPlan
from tests.rig.wire.ccid_port import CcidPort
from tests.rig.wire.socket import SocketBus

SELECT = bytes.fromhex("00A4040007A0000005272101")
QUICK = Patience(0.05, 0.05)
# table 5.1-1: a reader that chooses the voltage by itself, whole APDUs, messages of 3072 bytes
AUTOMATIC = bytes.fromhex(
    "36211001000702000000A00F0000A00F000000B004000000B0040000F60B00000000000000000000FE000400000C0000FFFF00000001"
)


class Scripted:
    """A bulk link with fixed answers: each read takes the next one."""

    path = "scripted"

    def __init__(self, *answers: str, descriptor: bytes = AUTOMATIC) -> None:
        self.class_descriptor = descriptor
        self.sent: list[str] = []
        self.waiting = [bytes.fromhex(answer) for answer in answers]

    def write(self, data: bytes, timeout_s: float) -> None:
        assert timeout_s > 0
        self.sent.append(data.hex().upper())

    def read(self, size: int, timeout_s: float) -> bytes:
        (longest,) = struct.unpack_from("<I", self.class_descriptor, 44)
        assert size >= longest
        assert size % 512 == 0, "whole packets"
        if not self.waiting:
            raise LinkTimeout(self.path, waited_s=timeout_s)
        return self.waiting.pop(0)

    def control_in(self, request: int, value: int, size: int, timeout_s: float) -> bytes:
        raise AssertionError(request, value, size, timeout_s)

    def control_out(self, request: int, value: int, data: bytes, timeout_s: float) -> None:
        raise AssertionError(request, value, data, timeout_s)

    def close(self) -> None:
        pass


POWERED = "80030000000001" + "000000" + "3B8001"


def card_behind(
    *answers: str, told: list[Wait] | None = None, on_transfer: Callable[[], None] = lambda: None
) -> tuple[CcidCard, Scripted]:
    """Powered, so that the next command has sequence number 2."""
    link = Scripted("81000000000000010000", POWERED, *answers)
    waits = [] if told is None else told
    card = CcidCard(link, on_transfer, waits.append)
    assert card.power_on(0.05).hex() == "3b8001"
    link.sent.clear()
    return card, link


def test_power_on_and_one_command_byte_for_byte() -> None:
    link = Scripted("81000000000000010000", POWERED, "80020000000002000000" + "9000")
    transfers: list[None] = []
    card = CcidCard(link, lambda: transfers.append(None), lambda _wait: None)
    card.power_on(1.0)
    assert card.exchange(SELECT, QUICK) == b"\x90\x00"
    assert link.sent == [
        "65000000000000000000",
        "62000000000001000000",
        "6F0C0000000002000000" + SELECT.hex().upper(),
    ]
    assert len(transfers) == 6


def test_a_reader_of_five_volts_is_told_so() -> None:
    descriptor = ccid_descriptor(CcidInterface(1, Echo(), 0x03, 0x00040480, 0x01, 2088, 2088))
    assert parse_descriptor(descriptor) == Reader(power_select=1, message_bytes=2088)
    assert parse_descriptor(b"\x05\x24\x00\x10\x01" + AUTOMATIC) == Reader(power_select=0, message_bytes=3072)


@pytest.mark.parametrize(
    "descriptor",
    [
        b"",
        AUTOMATIC[:20],
        b"\0" + AUTOMATIC,
        AUTOMATIC[:40] + struct.pack("<I", 0x00010030) + AUTOMATIC[44:],  # TPDU level
        AUTOMATIC[:44] + struct.pack("<I", 10) + AUTOMATIC[48:],  # no room for a command
        AUTOMATIC[:5] + b"\0" + AUTOMATIC[6:40] + struct.pack("<I", 0x00040000) + AUTOMATIC[44:],  # no voltage
    ],
)
def test_readers_that_cannot_be_used(descriptor: bytes) -> None:
    with pytest.raises(BadAnswer):
        CcidCard(Scripted(descriptor=descriptor), lambda: None, lambda _wait: None)


def test_what_an_earlier_program_left_unread_is_dropped() -> None:
    stale = ["80020000000000000000" + "6700", "80000000000007800100", "81000000000000010000"]
    card = CcidCard(Scripted(*stale, POWERED), lambda: None, lambda _wait: None)
    assert card.power_on(0.05).hex() == "3b8001"


def test_an_answer_to_an_earlier_command_is_passed_over() -> None:
    card, _ = card_behind("80020000000001000000" + "6700", "80020000000002000000" + "9000")
    assert card.exchange(SELECT, QUICK) == b"\x90\x00"


def test_a_reader_whose_longest_message_is_no_whole_packet_is_read_by_packets() -> None:
    descriptor = AUTOMATIC[:44] + struct.pack("<I", 1352) + AUTOMATIC[48:]
    link = Scripted("81000000000000010000", POWERED, descriptor=descriptor)
    card = CcidCard(link, lambda: None, lambda _wait: None)
    assert card.power_on(0.05).hex() == "3b8001"


def test_an_empty_transfer_and_a_message_in_two_transfers() -> None:
    card, _ = card_behind("", "80020000", "0000020000009000")
    assert card.exchange(SELECT, QUICK) == b"\x90\x00"


def test_a_card_that_works_long_is_waited_for_and_the_hand_is_told() -> None:
    told: list[Wait] = []
    transfers: list[None] = []
    extension = "80000000000002800100"
    answers = (extension, extension, "80020000000002000000" + "9000")
    card, link = card_behind(*answers, told=told, on_transfer=lambda: transfers.append(None))
    transfers.clear()
    assert card.exchange(SELECT, Patience(0.05, 5.0, Wait.TOUCH)) == b"\x90\x00"
    assert told == [Wait.TOUCH, Wait.NONE]
    assert len(link.sent) == 1
    assert len(transfers) == 2, "what was sent and the answer: asking for time is no progress"


@pytest.mark.parametrize(("wait", "error"), [(Wait.TOUCH, NotTouched), (Wait.NONE, LinkTimeout)])
def test_a_card_that_works_for_ever_is_given_up(wait: Wait, error: type[DeviceError]) -> None:
    card, _ = card_behind(*["80000000000002800100"] * 3)
    with pytest.raises(error):
        card.exchange(SELECT, Patience(0.05, -1.0, wait))


def test_long_answers_are_fetched_part_by_part() -> None:
    card, link = card_behind(
        "80030000000002000001" + "010203", "80010000000003000003" + "04", "80020000000004000002" + "9000"
    )
    assert card.exchange(SELECT, QUICK).hex() == "010203049000"
    assert link.sent[1:] == ["6F000000000003001000", "6F000000000004001000"]


class Dribbles(Scripted):
    """A reader whose answer goes on and on, a byte at a time."""

    def read(self, size: int, timeout_s: float) -> bytes:
        if self.waiting:
            return super().read(size, timeout_s)
        time.sleep(0.01)
        sequence = bytes.fromhex(self.sent[-1])[6]
        return bytes([0x80, 1, 0, 0, 0, 0, sequence, 0, 0, 3]) + b"\x6a"


def test_an_answer_that_goes_on_and_on_is_given_up() -> None:
    card = CcidCard(Dribbles("81000000000000010000", POWERED), lambda: None, lambda _wait: None)
    card.power_on(0.05)
    began_s = time.monotonic()
    with pytest.raises((LinkTimeout, BadAnswer)):
        card.exchange(SELECT, Patience(0.05, 0.2))
    assert time.monotonic() - began_s < 5


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ("80000000000002" + "41" + "FE" + "00", RefusedByDevice, "card_mute"),
        ("80000000000002" + "40" + "05" + "00", RefusedByDevice, "header_byte_5"),
        ("80020000000002" + "C0" + "00" + "00" + "9000", BadAnswer, "unknown state"),
        ("81000000000002" + "00" + "00" + "00", BadAnswer, "another kind"),
        ("80020000000102" + "00" + "00" + "00" + "9000", BadAnswer, "another slot"),
        ("80020000000002" + "00" + "00" + "07" + "9000", BadAnswer, "chain"),
        ("80000000000002" + "00" + "00" + "01", BadAnswer, "transfer"),
        ("80010000000002" + "00" + "00" + "00" + "90", BadAnswer, "no status word"),
        ("80FFFFFFFF0002" + "00" + "00" + "00" + "90", FrameDamaged, "length"),
        ("80010000000002" + "00" + "00" + "00" + "9000", FrameDamaged, "length"),
    ],
)
def test_answers_that_cannot_be_used(answer: str, error: type[DeviceError], words: str) -> None:
    card, link = card_behind(answer)
    link.waiting.append(bytes.fromhex("80000000000003" + "00" + "00" + "03"))
    with pytest.raises(error, match=words):
        card.exchange(SELECT, QUICK)


def test_a_message_that_breaks_off_is_damaged() -> None:
    card, _ = card_behind("8002000000", "")
    with pytest.raises(FrameDamaged):
        card.exchange(SELECT, QUICK)


def test_an_empty_slot_is_said() -> None:
    card = CcidCard(Scripted("81000000000000020000"), lambda: None, lambda _wait: None)
    with pytest.raises(RefusedByDevice, match="no_card"):
        card.power_on(0.05)


def test_a_card_that_is_away_for_a_moment_is_waited_for(mocker: MockerFixture) -> None:
    mocker.patch("devices.ccid._ABSENT_PAUSE_S", 0.01)
    away = ["81000000000000020000", "81000000000001020000"]
    link = Scripted(*away, "81000000000002010000", "80030000000003000000" + "3B8001")
    card = CcidCard(link, lambda: None, lambda _wait: None)
    assert card.power_on(1.0).hex() == "3b8001"
    assert [sent[:2] for sent in link.sent] == ["65", "65", "65", "62"]


def test_power_off() -> None:
    card, link = card_behind("81000000000002010000")
    card.power_off(0.05)
    assert link.sent == ["63000000000002000000"]


def test_words_for_the_readers_errors() -> None:
    assert [error_name(number) for number in (0xFE, 0x08, 0x99)] == ["card_mute", "header_byte_8", "error_99"]


class Echo:
    """Answers with the command and 9000, after asking for time."""

    atr = b"\x3b\x00"

    def __init__(self) -> None:
        self.extensions = 0
        self.times = 1

    def power_on(self) -> None: ...

    def power_off(self) -> None: ...

    def exchange(self, apdu: bytes, extend: Callable[[], None]) -> bytes:
        for _ in range(self.extensions):
            extend()
        return apdu * self.times + b"\x90\x00"


@settings(max_examples=60, deadline=None)
@given(
    st.binary(min_size=1, max_size=300), st.integers(1, 4), st.integers(0, 3), st.integers(20, 400), st.booleans()
)
def test_station_and_reader_agree_on_every_length(
    apdu: bytes, times: int, extensions: int, longest: int, automatic: bool
) -> None:
    echo = Echo()
    echo.times, echo.extensions = times, extensions
    features = 0x000400FE if automatic else 0x00040480
    interface = CcidInterface(0, echo, 0x02, features, 0x02, longest, 254)
    port = CcidPort(UsbPlan(0x1050, 0x0407, 0x0543, "Yubico", "YubiKey", "", (interface,)))
    (device,) = SocketBus([port]).scan()
    card = CcidCard(port.open(device), lambda: None, lambda _wait: None)
    card.power_on(1.0)
    for _ in range(2):
        assert card.exchange(apdu, Patience(1.0, 5.0)) == apdu * times + b"\x90\x00"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=4), st.integers(0, 2))
def test_garbage_is_a_typed_error_in_time(garbage: list[bytes], good: int) -> None:
    answers = ["81000000000000010000", POWERED][:good]
    link = Scripted(*answers, *(part.hex() for part in garbage))
    card = CcidCard(link, lambda: None, lambda _wait: None)
    with suppress(AnswerUnusable, LinkFailed, NotTouched):
        card.power_on(0.02)
        assert len(card.exchange(SELECT, Patience(0.02, 0.02))) >= 2


@given(st.binary(max_size=80))
def test_garbage_in_the_place_of_descriptors(told: bytes) -> None:
    with suppress(BadAnswer):
        assert parse_descriptor(told).message_bytes > 10
