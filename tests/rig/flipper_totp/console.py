"""The shell behind the serial port: starts with DTR, echoes, edits the line, runs it, prompts."""

from __future__ import annotations

from typing import Final

from tests.rig.flipper_totp import words
from tests.rig.flipper_totp.commands import Foreground, run
from tests.rig.flipper_totp.device import EmulatedFlipper

START_S: Final = 0.033
"""From DTR to the greeting."""


class Console:
    """ConsoleGadget. For the one thread of its port."""

    def __init__(self, flipper: EmulatedFlipper) -> None:
        self._flipper = flipper
        self._dtr = False
        self._starts = False
        self._runs = False
        self._line = ""
        self._foreground: Foreground | None = None
        self._out = bytearray()

    def set_dtr(self, *, raised: bool) -> None:
        """Raised: a shell begins. Dropped: it ends, and so does the command in it. Said again: nothing changes."""
        if raised == self._dtr:
            return
        self._dtr = raised
        if raised:
            self._starts = True
            self._flipper.work.begin(START_S)
            return
        foreground, self._foreground = self._foreground, None
        if foreground is not None:
            foreground.hang_up()
        self._flipper.work.stop()
        self._starts, self._runs, self._line = False, False, ""
        self._out.clear()

    def take_bytes(self, data: bytes) -> None:
        """Keys. Before the shell has begun nobody hears them."""
        self._start()
        if self._runs:
            for byte in data:
                self._key(byte)

    def next_bytes(self, size: int) -> bytes:
        """What the shell has to say."""
        self._start()
        if self._foreground is not None and self._foreground.look():
            self._end()
        piece = bytes(self._out[:size])
        del self._out[: len(piece)]
        return piece

    def _start(self) -> None:
        if self._starts and not self._flipper.work.busy:
            self._starts, self._runs = False, True
            self._say(words.BANNER + words.PROMPT)

    def _key(self, byte: int) -> None:
        if self._foreground is not None:
            if self._foreground.key(byte):
                self._end()
        elif byte == words.CR:
            line, self._line = self._line.strip(), ""
            self._say(words.NL)
            self._foreground = run(self._flipper, line, self._say) if line else None
            if self._foreground is None:
                self._say(words.PROMPT)
        elif byte == words.ETX:
            self._line = ""
            self._say("^C" + words.PROMPT)
        elif byte in words.ERASABLE:
            self._say(words.RUB_OUT if self._line else "\a")
            self._line = self._line[:-1]
        elif 0x20 <= byte < 0x7F:
            self._line += chr(byte)
            self._say(chr(byte))

    def _end(self) -> None:
        self._foreground = None
        self._say(words.PROMPT)

    def _say(self, text: str) -> None:
        self._out += text.encode("utf-8")
