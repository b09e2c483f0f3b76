"""The emulated reader's messages, byte by byte as the CCID specification has them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.rig.ccid.descriptor import ccid_descriptor
from tests.rig.ccid.reader import CcidReader
from tests.rig.usb.plan import CcidInterface


class EchoCard:
    """Answers with the command's own bytes, `times` over, after `extensions` requests for time."""

    atr = bytes.fromhex("3B8001")

    def __init__(self) -> None:
        self.times = 1
        self.extensions = 0
        self.powered: list[bool] = []

    def power_on(self) -> None:
        self.powered.append(True)

    def power_off(self) -> None:
        self.powered.append(False)

    def exchange(self, apdu: bytes, extend: Callable[[], None]) -> bytes:
        for _ in range(self.extensions):
            extend()
        return apdu * self.times


class Bench:
    def __init__(self, features: int = 0x000400FE, voltages: int = 0x07, max_message_bytes: int = 20) -> None:
        self.card = EchoCard()
        self.interface = CcidInterface(1, self.card, 0x02, features, voltages, max_message_bytes, 254)
        self.reader = CcidReader(self.interface)

    def say(self, *messages: str) -> list[str]:
        """The answers to the last one."""
        answers: list[bytes] = []
        for message in messages:
            answers.clear()
            self.reader.take(bytes.fromhex(message), answers.append)
        return [answer.hex().upper() for answer in answers]


POWER_ON = "62 00000000 00 00 000000"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_power_on_brings_the_answer_to_reset(bench: Bench) -> None:
    assert bench.say("65 00000000 00 07 000000") == ["81000000000007010000"]
    assert bench.say(POWER_ON) == ["80030000000000000000" + "3B8001"]
    assert bench.say("65 00000000 00 08 000000") == ["81000000000008000000"]
    assert bench.say("63 00000000 00 09 000000") == ["81000000000009010000"]
    assert bench.card.powered == [True, False]


@pytest.mark.parametrize(
    ("features", "voltages", "select", "starts"),
    [
        (0x00040480, 0x01, "00", False),
        (0x00040480, 0x01, "01", True),
        (0x00040480, 0x01, "02", False),
        (0x00040480, 0x07, "03", True),
        (0x000400FE, 0x07, "00", True),
        (0x000400FE, 0x07, "04", False),
    ],
)
def test_a_reader_without_automatic_voltage_wants_it_named(
    features: int, voltages: int, select: str, starts: bool
) -> None:
    (answer,) = Bench(features, voltages).say(f"62 00000000 00 00 {select}0000")
    assert answer == ("80030000000000000000" + "3B8001" if starts else "80000000000000410700")


def test_a_block_carries_one_command_and_one_answer(bench: Bench) -> None:
    assert bench.say(POWER_ON, "6F 02000000 00 05 00 0000 ABCD") == ["80020000000005000000" + "ABCD"]


def test_a_card_that_works_long_asks_for_time(bench: Bench) -> None:
    bench.card.extensions = 2
    extension = "80000000000005800100"
    assert bench.say(POWER_ON, "6F 01000000 00 05 00 0000 AB") == [extension, extension, "80010000000005000000AB"]


def test_long_commands_and_answers_cross_in_chains(bench: Bench) -> None:
    bench.card.times = 5
    assert bench.say(POWER_ON, "6F 02000000 00 01 00 0100 0102") == ["80000000000001000010"]
    assert bench.say("6F 02000000 00 02 00 0300 0304") == ["80000000000002000010"]
    assert bench.say("6F 01000000 00 03 00 0200 05") == ["800A0000000003000001" + "01020304050102030405"]
    assert bench.say("6F 00000000 00 04 00 1000") == ["800A0000000004000003" + "01020304050102030405"]
    assert bench.say("6F 00000000 00 05 00 1000") == ["80050000000005000002" + "0102030405"]


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("6F 01000000 00 01 00 0000 AB", "80000000000001" + "41" + "FE" + "00"),  # not powered
        ("65 01000000 00 01 000000", "81000000000001" + "41" + "01" + "00"),  # wrong length
        ("65 00000000 01 01 000000", "81000000000001" + "41" + "05" + "00"),  # no such slot
        ("6B 00000000 00 01 000000", "81000000000001" + "41" + "00" + "00"),  # Escape: not supported
    ],
)
def test_what_it_refuses(bench: Bench, message: str, answer: str) -> None:
    assert bench.say(message) == [answer]


def test_an_unknown_level_is_refused(bench: Bench) -> None:
    assert bench.say(POWER_ON, "6F 01000000 00 01 00 0900 AB") == ["80000000000001400800"]


def test_less_than_a_header_is_no_message(bench: Bench) -> None:
    assert bench.say("6500000000") == []


def test_parameters_can_be_read_and_set(bench: Bench) -> None:
    assert bench.say("6C 00000000 00 01 000000") == ["8207000000000101000111" + "10004D00FE00"]
    assert bench.say("61 07000000 00 02 010000 18100041 00FE00") == ["82070000000002010001" + "1810004100FE00"]


def test_a_pulled_cable_takes_the_power_away(bench: Bench) -> None:
    bench.say(POWER_ON)
    bench.reader.lose_power()
    assert bench.card.powered == [True, False]
    assert bench.say("65 00000000 00 01 000000") == ["81000000000001010000"]


def test_the_class_descriptor_of_a_molto2() -> None:
    interface = CcidInterface(1, EchoCard(), 0x03, 0x00040480, 0x01, 2088, 2088)
    told = ccid_descriptor(interface)
    assert len(told) == 54
    assert told[:10].hex() == "36211001000103000000"
    assert told[28:32].hex() == "28080000"
    assert told[40:48].hex() == "8004040028080000"
