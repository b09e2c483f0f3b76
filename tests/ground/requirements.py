"""docs/security.md as data: one row for every requirement, R01 to R77."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parents[2] / "docs" / "security.md"
NOT_MET: Final = "**Not met:** "
"""Begins the last column of a requirement of which something is missing; the rest says what."""
_ROW: Final = re.compile(
    r"\| (?P<number>R\d\d) \| (?P<asked>.+?) \| (?P<built>.+?) \| (?P<shown>.+?) \| (?P<note>.*?) ?\|"
)
_NAMED: Final = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Row:
    """`built`: files and folders; `shown_by`: ids of tests, or files of them; `note`: deviations."""

    number: str
    built: tuple[str, ...]
    shown_by: tuple[str, ...]
    note: str

    @property
    def is_met(self) -> bool:
        """Nothing of it is missing."""
        return not self.note.startswith(NOT_MET)


def rows() -> list[Row]:
    """In the order of the file. A line of the table that cannot be read is an AssertionError."""
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if re.match(r"\| R\d", line)]
    found = [_ROW.fullmatch(line) for line in lines]
    assert None not in found, lines[found.index(None)]
    return [
        Row(match["number"], _names(match["built"]), _names(match["shown"]), match["note"])
        for match in found
        if match
    ]


def _names(column: str) -> tuple[str, ...]:
    return tuple(_NAMED.findall(column))
