"""The transcript of flipper-totp.md: what the driver types, and what the emulated device answers."""

from __future__ import annotations

import re
import time
from typing import Final

import pytest

from devices.drivers.flipper_totp import messages
from devices.errors import RefusedByDevice
from devices.profile_files import SHIPPED
from tests.devices.flippers import FORM, NAME
from tests.rig.flipper_totp.console import Console
from tests.rig.flipper_totp.device import EmulatedFlipper, Token

NOW: Final = 1_795_158_000
SEED: Final = b"12345678901234567890"
PROMPT: Final = "\r\n>: "
DRIVERS_LINES: Final = [
    "totp version",
    "totp timezone 0",
    messages.date_line(NOW),
    "date",
    "totp list --tsv",
    messages.add_line(NAME, FORM),
    messages.secret_line(SEED).decode(),
    "totp lsattr 2 --tsv",
    "totp delete 2 -f",
]


def rows(heading: str) -> list[tuple[str, list[str]]]:
    """Each row of the table below a line: what stands in its first column, and the code in its second."""
    text = (SHIPPED / "flipper-totp.md").read_text(encoding="utf-8").split(heading, 1)[1].lstrip("\n")
    cells = [line.strip("| ").split(" | ") for line in text.split("\n\n", 1)[0].splitlines()]
    return [(_code(first)[0], _code(second)) for first, second in cells if _code(first)]


def _code(cell: str) -> list[str]:
    return [found.replace("⇥", "\t") for found in re.findall(r"`([^`]+)`", cell)]


def transcript() -> list[tuple[str, list[str]]]:
    return rows("What is typed, and the answer without echo, colours and prompt.")


class Shell:
    """The emulated console, typed at and read to its prompt."""

    def __init__(self, flipper: EmulatedFlipper) -> None:
        self._console = Console(flipper)
        self._console.set_dtr(raised=True)
        self.until(PROMPT)

    def until(self, *ends: str) -> str:
        came, deadline = "", time.monotonic() + 5
        while not came.endswith(ends):
            assert time.monotonic() < deadline, came
            came += self._console.next_bytes(64).decode()
        return came

    def type(self, line: str) -> str:
        self._console.take_bytes(line.encode() + b"\r")
        return self.until(PROMPT, "[ENTER]:\r\n")


def test_the_driver_types_the_notes_lines() -> None:
    assert [typed for typed, _ in transcript()] == DRIVERS_LINES


def test_the_emulated_device_answers_as_the_note_says() -> None:
    flipper = EmulatedFlipper(lambda: float(NOW))
    flipper.tokens = [Token("mail", b"x" * 20)]
    shell = Shell(flipper)
    for typed, answers in transcript():
        said = shell.type(typed)
        for answer in answers:
            if answer.startswith("There are no") or "…" in answer:
                continue
            # it is one second later when its clock is read
            assert answer.replace("07:00:01", "07:00:00") in said, (typed, said)


def test_refusals_are_told_as_the_note_says() -> None:
    for sentence, told in rows("| error | told as |"):
        refusal = messages.refusal(sentence.removesuffix(" …"), "add")
        assert isinstance(refusal, RefusedByDevice)
        assert refusal.status == told[-1]


@pytest.mark.parametrize("answer", ["There are no tokens", "#\tName\tAlgo\tLn\tType\r\n1\tmail\tsha1\t6\ttotp"])
def test_the_driver_reads_the_notes_lists(answer: str) -> None:
    assert len(messages.entries(answer)) == answer.count("mail")
