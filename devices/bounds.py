"""How large a number and how long a text may be that crosses between station and server. Standard library only.

What a device tells comes from outside: without bounds one odd device would stop its station, or no database would
hold what it told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated


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
