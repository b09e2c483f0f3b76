"""A hardware security module, asked through a process of its own (provisioning.store.hsm_process).

Every question has a deadline. What fails or is late refuses, ends that process, and is not asked again for a
moment; the next question begins with a new process and a new login, so that a module which is back is used again.
A PIN that was refused is not tried a second time until its file has changed: tokens lock themselves after a few.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Final

import structlog

from provisioning.errors import HsmAway, HsmFault
from provisioning.settings import HsmSettings

START_S: Final = 10.0
"""Within it a module has to be loaded and logged in to."""

_PAUSE_S: Final = 1.0
_log: Final = structlog.get_logger("kagiya.hsm")


class Token:
    """One token by its label. Safe between threads, which take turns; not across a fork once it was asked.

    Every method raises HsmAway. `writes`: keys are to be made and destroyed (operators' commands).
    """

    def __init__(
        self, settings: HsmSettings, *, writes: bool = False, clock: Callable[[], float] = monotonic
    ) -> None:
        self._settings, self._writes, self._clock = settings, writes, clock
        self._turn = threading.Lock()
        self._child: _Child | None = None
        self._not_before = 0.0
        self._fault = HsmFault.FAILED
        self._refused_pin: object = None

    def __repr__(self) -> str:
        return f"Token({self._settings.token!r})"

    def derive(self, kek_id: str, point: bytes) -> bytes:
        """What the key `kek_id` and a point on the curve have in common."""
        return self._ask("derive", kek_id, point.hex())

    def has(self, kek_id: str) -> bool:
        """Whether there is a key by that name."""
        return bool(self._ask("has", kek_id))

    def public(self, kek_id: str) -> bytes:
        """The key's public half."""
        return self._ask("public", kek_id)

    def make(self, kek_id: str) -> bytes:
        """A new key inside the token; its public half."""
        return self._ask("make", kek_id)

    def destroy(self, kek_id: str) -> None:
        """Take a key away for good."""
        self._ask("destroy", kek_id)

    def check(self) -> None:
        """Log in, if that was not done yet."""
        with self._held():
            self._connected()

    def close(self) -> None:
        """Log out."""
        with self._turn:
            self._end()

    def _ask(self, *question: str) -> bytes:
        with self._held():
            return bytes.fromhex(self._connected().ask(question, self._settings.timeout_s))

    @contextmanager
    def _held(self) -> Iterator[None]:
        """This thread's turn. What goes wrong in it ends the process that was asked."""
        if not self._turn.acquire(timeout=self._settings.timeout_s):
            raise HsmAway(HsmFault.SLOW)
        try:
            yield
        except HsmAway as away:
            self._end()
            self._note(away.fault)
            raise
        finally:
            self._turn.release()

    def _connected(self) -> _Child:
        if self._child is not None:
            return self._child
        if self._clock() < self._not_before:
            raise HsmAway(self._fault)
        if self._refused_pin is not None and self._refused_pin == _look(self._settings.pin_file):
            raise HsmAway(HsmFault.PIN)
        self._refused_pin = None
        self._child = _Child(self._settings, writes=self._writes)
        self._child.hear(START_S)
        return self._child

    def _note(self, fault: HsmFault) -> None:
        if self._clock() < self._not_before:
            return
        _log.warning("hsm refused", fault=fault.value, token=self._settings.token)
        if fault is HsmFault.PIN:
            self._refused_pin = _look(self._settings.pin_file)
        if fault is not HsmFault.KEY:  # of one key alone
            self._not_before, self._fault = self._clock() + _PAUSE_S, fault

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


class _Child:
    """The process, its two pipes, and what was not read of an answer yet."""

    def __init__(self, settings: HsmSettings, *, writes: bool) -> None:
        may = [name for name, allowed in (("software", settings.software), ("write", writes)) if allowed]
        where = (str(settings.module), settings.token, str(settings.pin_file))
        command = (sys.executable, "-m", "provisioning.store.hsm_process", *where, *may)
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)  # noqa: S603
        except OSError:  # the machine has no room for a process more
            raise HsmAway(HsmFault.FAILED) from None
        assert self._process.stdout is not None
        self._poll = select.poll()
        self._poll.register(self._process.stdout, select.POLLIN)
        self._heard = b""
        self.end = weakref.finalize(self, _kill, self._process)

    def ask(self, question: tuple[str, ...], within_s: float) -> str:
        """The answer. Raises HsmAway."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
        except OSError:
            raise HsmAway(HsmFault.FAILED) from None
        return self.hear(within_s)

    def hear(self, within_s: float) -> str:
        """The next line that it says. Raises HsmAway."""
        answer = json.loads(self._line(monotonic() + within_s))
        if "fault" in answer:
            raise HsmAway(HsmFault(answer["fault"]))
        said: str = answer["said"]
        return said

    def _line(self, until: float) -> bytes:
        assert self._process.stdout is not None
        while b"\n" not in self._heard:
            left_s = until - monotonic()
            if left_s <= 0 or not self._poll.poll(left_s * 1000):
                raise HsmAway(HsmFault.SLOW)
            more = self._process.stdout.read(4096)
            if not more:
                raise HsmAway(HsmFault.FAILED)
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        return line


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def _look(file: Path) -> object:
    """What changes when a file is replaced."""
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)
