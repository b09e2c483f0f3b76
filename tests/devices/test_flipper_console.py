"""The Flipper driver against recorded and against meaningless conversations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.contract import WriteReceipt
from devices.driver import SlotProgram, Surroundings
from devices.drivers.flipper_totp import messages
from devices.drivers.flipper_totp.driver import FlipperTotp
from devices.errors import BadAnswer, DeviceError, DeviceLocked, LinkTimeout, RefusedByDevice
from tests.devices.doubles import AnyBytes
from tests.devices.flippers import FORM
from tests.devices.patience import shipped
from tests.devices.subject import check_failure

SECRET = b"12345678901234567890"
TYPED = b"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOW = 1_795_158_000
PROMPT = b"\r\n>: "
ASKED = b"Enter token secret and confirm with [ENTER]:\r\n"
NAME = "KAGIYA kagiya-1"
ADD = f'totp add "{NAME}" -a sha1 -e base32 -d 8 -l 60 -b none'
HEAD = "#\tName\tAlgo\tLn\tType\r\n"


def surroundings() -> Surroundings:
    (profile,) = (profile for profile in shipped() if profile.name == "flipper-totp")
    return Surroundings(profile, lambda: float(NOW), {}, expected_serial="FLIP_ATIW")


class Transcript:
    """A shell that answers each line as recorded, echo and prompt added, and keeps what was typed."""

    path = "transcript"

    def __init__(self, answers: dict[str, list[str]], asked: bytes = ASKED) -> None:
        self.typed: list[bytes] = []
        self._answers = {line: list(several) for line, several in answers.items()}
        self._asked = asked
        self._waiting = bytearray(b"Welcome\r\n" + PROMPT)

    def write(self, data: bytes, timeout_s: float) -> None:
        self.typed.append(data)
        line = data.removesuffix(b"\r")
        if line == TYPED:
            self._waiting += b"*" * len(line) + b"\r\n\x1b[A\x1b[2K\r"
            self._waiting += f'\x1b[92mToken "{NAME}" has been successfully added\r\n\x1b[0m'.encode() + PROMPT
        elif line == ADD.encode():
            self._waiting += line + b"\r\n" + self._asked
        elif data != b"\x03":
            self._waiting += line + b"\r\n" + self._answers[line.decode()].pop(0).encode() + PROMPT

    def read(self, size: int, timeout_s: float) -> bytes:
        if not self._waiting:
            raise LinkTimeout(self.path, waited_s=timeout_s)
        piece = bytes(self._waiting[:size])
        del self._waiting[:size]
        return piece

    def drop_input(self) -> None:
        self._waiting.clear()

    def close(self) -> None:
        pass


def answers() -> dict[str, list[str]]:
    return {
        "totp version": ["5.19.0\r\n"],
        "totp timezone 0": ["\x1b[92mTimezone is set to 0.000000\r\n\x1b[0m"],
        "date 2026-11-20 07:00:00 5": ["New datetime is: 2026-11-20 07:00:00 5"],
        "totp list --tsv": [
            f"{HEAD}1\tmail\tsha1\t6\ttotp\r\n2\t{NAME}\tsha1\t8\ttotp\r\n",
            f"{HEAD}1\tmail\tsha1\t6\ttotp\r\n2\t{NAME}\tsha1\t8\ttotp\r\n3\t{NAME}\tsha1\t8\ttotp\r\n",
            f"{HEAD}1\tmail\tsha1\t6\ttotp\r\n2\t{NAME}\tsha1\t8\ttotp\r\n",
        ],
        "totp lsattr 3 --tsv": [
            f"Property\tValue\r\nIndex\t3\r\nType\ttotp\r\nName\t{NAME}\r\nHashing algorithm\tsha1\r\n"
            "Number of digits\t8\r\nToken lifetime\t60\r\nAutomation features\tNone\r\n"
        ],
        "totp delete 2 -f": [
            "Processing, please wait...\r\n\x1b[A\x1b[2K\r"
            f'\x1b[92mToken "{NAME}" has been successfully deleted\r\n\x1b[0m'
        ],
        "date": ["2026-11-20 07:00:01 5"],
    }


def identify_and_write(flipper: FlipperTotp) -> WriteReceipt:
    flipper.identify()
    return flipper.program(SlotProgram(FORM, SECRET, "KAGIYA"))


def test_a_write_is_the_notes_transcript() -> None:
    link = Transcript(answers())
    flipper = FlipperTotp(link, surroundings())
    receipt = identify_and_write(flipper)
    flipper.close()
    assert (receipt.serial, receipt.firmware, receipt.clock_offset_s, receipt.code) == (
        "FLIP_ATIW",
        "5.19.0",
        1,
        "",
    )
    lines = [line.decode().removesuffix("\r") for line in link.typed]
    assert lines == [
        "totp version",
        "totp timezone 0",
        "date 2026-11-20 07:00:00 5",
        "totp list --tsv",
        ADD,
        TYPED.decode(),
        "totp list --tsv",
        "totp lsattr 3 --tsv",
        "totp delete 2 -f",
        "totp list --tsv",
        "date",
    ]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b'\x1b[91mInvalid command arguments. use "help"\x1b[0m' + PROMPT, RefusedByDevice),
        (b'\x1b[91m"8" is incorrect value for argument "-d"\r\n\x1b[0m' + PROMPT, RefusedByDevice),
        (b"" + PROMPT, BadAnswer),
        (b"Enter token", LinkTimeout),
    ],
)
def test_the_secret_is_typed_only_where_it_is_asked_for(said: bytes, error: type[DeviceError]) -> None:
    link = Transcript(answers(), asked=said)
    flipper = FlipperTotp(link, surroundings())
    flipper.identify()
    with pytest.raises(error) as caught:
        flipper.program(SlotProgram(FORM, SECRET, "KAGIYA"))
    check_failure(caught.value, SECRET)
    assert all(TYPED not in typed for typed in link.typed)


def test_a_command_under_way_is_aborted_before_the_port_is_given_back() -> None:
    link = Transcript(answers(), asked=b"Enter token")
    flipper = FlipperTotp(link, surroundings())
    with pytest.raises(LinkTimeout):
        flipper.program(SlotProgram(FORM, SECRET, "KAGIYA"))
    flipper.close()
    assert link.typed[-1] == b"\x03"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("totp version", "five\r\n"),
        ("totp timezone 0", "Timezone is set to 9.000000\r\n"),
        ("date 2026-11-20 07:00:00 5", "Invalid datetime data"),
        ("date 2026-11-20 07:00:00 5", "New datetime is: 2026-13-20 07:00:00 5"),
        ("totp list --tsv", "1\tmail\tsha1\t6\ttotp\r\n"),
        ("totp list --tsv", f"{HEAD}2\tmail\tsha1\t6\ttotp\r\n"),
        ("totp lsattr 3 --tsv", "Property\r\n"),
        ("totp delete 2 -f", "\x1b[96mUser has not confirmed\r\n\x1b[0m"),
    ],
)
def test_an_answer_that_is_none_stops_the_write(line: str, said: str) -> None:
    changed = answers()
    changed[line] = [said]
    flipper = FlipperTotp(Transcript(changed), surroundings())
    with pytest.raises(DeviceError) as caught:
        identify_and_write(flipper)
    check_failure(caught.value, SECRET)


def test_a_tab_in_a_name_is_the_names_own() -> None:
    (entry,) = messages.entries(f"{HEAD}1\ta\tb\tsha1\t6\ttotp\r\n")
    assert (entry.number, entry.name) == (1, "a\tb")


@pytest.mark.parametrize("read", [messages.version, messages.date, messages.entries, messages.details])
@settings(max_examples=150, deadline=None)
@given(text=st.one_of(st.text(max_size=200), st.text("0123456789\t\r\n-: .#Name", max_size=80)))
def test_any_text_is_read_or_is_a_bad_answer(read: Callable[[str], object], text: str) -> None:
    try:
        read(text)
    except BadAnswer:
        return


def garbage() -> st.SearchStrategy[list[bytes]]:
    known = [PROMPT, ASKED, b"totp version\r\n5.19.0\r\n" + PROMPT, b"totp timezone 0\r\n", b"Pleases enter PIN"]
    return st.lists(st.one_of(st.sampled_from(known), st.binary(min_size=1, max_size=80)), max_size=12)


@settings(max_examples=200, deadline=None)
@given(garbage())
def test_garbage_at_any_read_is_a_typed_error(chunks: list[bytes]) -> None:
    flipper = FlipperTotp(AnyBytes(iter(chunks)), surroundings())
    with pytest.raises(DeviceError) as caught:
        identify_and_write(flipper)
    check_failure(caught.value, SECRET)
    flipper.close()


def test_an_endless_answer_is_cut_off() -> None:
    def endless() -> object:
        while True:
            yield b"x" * 500

    flipper = FlipperTotp(AnyBytes(endless()), surroundings())  # type: ignore[arg-type]
    with pytest.raises((BadAnswer, LinkTimeout)):
        flipper.identify()


def test_a_pin_that_is_asked_for_again_and_again_is_waited_for_once() -> None:
    def asking() -> Iterator[bytes]:
        while True:
            time.sleep(0.01)
            yield b"Pleases enter PIN on your flipper device\r\n"
            time.sleep(0.01)
            yield b"no\r\n"

    around = surroundings()
    timing = replace(around.profile.timing, open_timeout_s=0.1, hand_timeout_s=0.2)
    flipper = FlipperTotp(AnyBytes(asking()), replace(around, profile=replace(around.profile, timing=timing)))
    began_s = time.monotonic()
    with pytest.raises((DeviceLocked, LinkTimeout)):
        flipper.identify()
    assert time.monotonic() - began_s < 5
