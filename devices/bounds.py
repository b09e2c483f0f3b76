"""How large a number and how long a text may be that crosses between station and server, and what is none at all.
Standard library only.

What a device tells comes from outside: without bounds one odd device would stop its station, or no database would
hold what it told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
"""NUL, which no database takes, and halves of characters, which no page can show; JSON can spell both."""


def is_text(told: str) -> bool:
    """Whether every database and every page can hold it."""
    return not _NO_TEXT.search(told)


def as_text(told: str) -> str:
    """The same with a mark in place of what is none."""
    return _NO_TEXT.sub("\ufffd", told)


@dataclass(frozen=True, slots=True)
class Within:
    """A number from `least` to `most`."""

    least: int
    most: int

    def __str__(self) -> str:
        return f"from {self.least} to {self.most}"

    def hold(self, value: int) -> bool:
        """Whether it is."""
        return self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class UpTo:
    """Text in one line, of so many characters at most."""

    characters: int

    def __str__(self) -> str:
        return f"printable or longer than {self.characters}"

    def hold(self, value: str) -> bool:
        """Whether it is."""
        return len(value) <= self.characters and value.isprintable()


Percent = Annotated[int, Within(0, 100)]
Count = Annotated[int, Within(0, 0xFFFF_FFFF)]
Reports = Annotated[int, Within(0, 1_000_000)]
Seconds = Annotated[int, Within(-(1 << 40), 1 << 40)]
Name = Annotated[str, UpTo(64)]
Model = Annotated[str, UpTo(100)]
Firmware = Annotated[str, UpTo(32)]
Code = Annotated[str, UpTo(8)]
