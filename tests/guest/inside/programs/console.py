"""A terminal program at a serial port, as somebody types at it."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
import tty
from typing import Final

_WITHIN_S: Final = 60.0
PROMPT: Final = ">: "


class Console:
    """The program runs at a terminal of its own; what it shows is read as it comes."""

    def __init__(self, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self._process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self._shown = ""

    def type(self, text: str) -> None:
        """Keys."""
        os.write(self._ours, text.encode())

    def see(self, wanted: str) -> str:
        """Everything up to `wanted`, which must come; what is behind it is left for later."""
        until_s = time.monotonic() + _WITHIN_S
        while wanted not in self._shown:
            left_s = until_s - time.monotonic()
            ready, _, _ = select.select([self._ours], [], [], max(0.0, left_s))
            assert ready, f"{wanted!r} did not come: {self._shown!r}"
            self._shown += os.read(self._ours, 4096).decode(errors="replace")
        before, _, self._shown = self._shown.partition(wanted)
        return before

    def command(self, line: str) -> str:
        """What a line brings, up to the next prompt."""
        self.type(f"{line}\r")
        self.see(line)
        return self.see(f"\r\n{PROMPT}")

    def close(self) -> None:
        """End the program."""
        self._process.terminate()
        self._process.wait(_WITHIN_S)
        os.close(self._ours)
