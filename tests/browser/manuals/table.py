"""docs/manuals.md as data: one row for every line of the five manuals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parents[3] / "docs" / "manuals.md"
WALK: Final = "walk"
"""In the last column: the walk of the row's manual takes it."""
LEFT_OUT: Final = "left out: "
_WALKS: Final = "tests/browser/manuals/test_{manual}_"
_ROW: Final = re.compile(r"\| (?P<number>\d{3}-\d{2}) \| (?P<says>.+?) \| (?P<here>.+?) \| (?P<shown>.+?) \|")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a manual. `tests`: files or test ids beside the walk; `reason`: why it is left out, if it is."""

    number: str
    walked: bool
    tests: tuple[str, ...]
    reason: str

    @property
    def manual(self) -> str:
        """`000` to `004`."""
        return self.number[:3]

    @property
    def shown_by(self) -> tuple[str, ...]:
        """What must pass: the tests and, if it is walked, the manual's walk. Nothing for what is left out."""
        return (*self.tests, _WALKS.format(manual=self.manual)) if self.walked else self.tests


def rows() -> list[Row]:
    """In the order of the file. A line of the table that cannot be read is an AssertionError."""
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d", line)]
    found = [_ROW.fullmatch(line) for line in lines]
    assert None not in found, lines[found.index(None)]
    return [_row(match["number"], match["shown"]) for match in found if match]


def _row(number: str, shown: str) -> Row:
    if shown.startswith(LEFT_OUT):
        return Row(number, False, (), shown.removeprefix(LEFT_OUT))
    by = shown.split(", ")
    return Row(number, WALK in by, tuple(name for name in by if name != WALK), "")
