"""One command after another on the device's shell: the prompt alone tells that an answer is whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from devices.contract import Wait
from devices.driver import OnWait
from devices.drivers.flipper_totp import messages
from devices.errors import BadAnswer, DeviceLocked, LinkFailed, LinkTimeout
from devices.links import StreamLink
from devices.links.deadline import Deadline
from devices.profiles import Timing

_PROMPT: Final = b"\r\n>: "
_ENTER_SECRET: Final = b"Enter token secret and confirm with [ENTER]:\r\n"
_ENTER_PIN: Final = b"Pleases enter PIN on your flipper device\r\n"
_ABORT: Final = b"\x03"
_SUBMIT: Final = b"\r"
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_READ_BYTES: Final = 512
_QUIET_S: Final = 0.1
_MOST_BYTES: Final = 65_536


class Console:
    """The shell behind an open port, which Linux has raised DTR on. `on_exchange` is called after each answer."""

    def __init__(self, link: StreamLink, timing: Timing, on_wait: OnWait, on_exchange: Callable[[], None]) -> None:
        self._link = link
        self._timing = timing
        self._on_wait = on_wait
        self._on_exchange = on_exchange
        self._at_prompt = False

    def open(self) -> None:
        """Wait for the greeting's prompt; a shell that has greeted before gives a new one. Raises LinkFailed."""
        if self._at_prompt:
            return
        try:
            self._await((_PROMPT,), self._timing.open_timeout_s)
        except LinkTimeout:
            self._link.write(_ABORT, self._timing.open_timeout_s)
            self._await((_PROMPT,), self._timing.open_timeout_s)
            self._settle()
        self._at_prompt = True

    def run(self, line: str, command: str) -> str:
        """Type `line`, and tell its whole answer. Raises DeviceLocked, RefusedByDevice, BadAnswer, LinkFailed."""
        self._submit(line.encode("ascii"))
        return self._answer(self._await((_PROMPT,), self._timing.operation_timeout_s), line, command)

    def add(self, line: str, secret: bytes) -> str:
        """Type `totp add …`, and the secret only where it is asked for. Raises as `run`."""
        self._submit(line.encode("ascii"))
        asked = self._await((_PROMPT, _ENTER_SECRET), self._timing.operation_timeout_s)
        if asked.endswith(_PROMPT):
            self._answer(asked, line, "add")
            raise BadAnswer("add", "no question for the secret")
        self._check_echo(asked, line, "add")
        self._on_exchange()
        self._submit(secret)
        shown = "*" * len(secret)
        return self._answer(self._await((_PROMPT,), self._timing.flash_timeout_s), shown, "secret")

    def close(self) -> None:
        """End what is under way, and give the port back. Half a secret must not be taken for a whole one."""
        if not self._at_prompt:
            with suppress(LinkFailed):
                self._link.write(_ABORT, self._timing.open_timeout_s)
        self._link.close()

    def _settle(self) -> None:
        """Two prompts may come, of a late greeting and of the abort: neither belongs to a command's answer."""
        deadline = self._deadline(self._timing.open_timeout_s)
        with suppress(LinkTimeout):
            while True:
                self._link.read(_READ_BYTES, min(deadline.left_s(), _QUIET_S))

    def _submit(self, typed: bytes) -> None:
        self._at_prompt = False
        self._link.drop_input()
        self._link.write(typed + _SUBMIT, self._timing.operation_timeout_s)

    def _await(self, ends: tuple[bytes, ...], timeout_s: float) -> bytes:
        """What comes up to one of `ends`; while the device wants its PIN, as long as a hand may take."""
        came = bytearray()
        deadline = self._deadline(timeout_s)
        # however often it asks for its PIN: a hand is waited for once
        last = self._deadline(timeout_s + self._timing.hand_timeout_s)
        waits = False
        try:
            while not came.endswith(ends):
                came += self._link.read(_READ_BYTES, min(deadline.left_s(), last.left_s()))
                if len(came) > _MOST_BYTES:
                    raise BadAnswer("console", "endless answer")
                if came.endswith(_ENTER_PIN) != waits:
                    waits = not waits
                    self._on_wait(Wait.PIN if waits else Wait.NONE)
                    deadline = self._deadline(self._timing.hand_timeout_s if waits else timeout_s)
        except LinkTimeout:
            if waits:
                raise DeviceLocked("pin") from None
            raise
        finally:
            if waits:
                self._on_wait(Wait.NONE)
        return bytes(came)

    def _deadline(self, timeout_s: float) -> Deadline:
        return Deadline(self._link.path, timeout_s)

    def _answer(self, came: bytes, echo: str, command: str) -> str:
        """The answer's text without its echo, its colours and the prompt."""
        text = self._check_echo(came.removesuffix(_PROMPT), echo, command)
        self._at_prompt = True
        self._on_exchange()
        refusal = messages.refusal(text, command)
        if refusal is not None:
            raise refusal
        return text

    def _check_echo(self, came: bytes, echo: str, command: str) -> str:
        # the device rubs the question for its PIN out once it is answered
        text = _ESCAPES.sub("", came.replace(_ENTER_PIN, b"").decode("utf-8", "replace"))
        if not text.startswith(echo):
            raise BadAnswer(command, "wrong echo")
        return text.removeprefix(echo)
