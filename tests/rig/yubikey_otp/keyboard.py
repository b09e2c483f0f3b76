"""What the key's keyboard sends when it types: boot reports of eight bytes, each key let go again."""

from __future__ import annotations

from typing import Final

_USAGES: Final = {**{digit: 0x1E + place for place, digit in enumerate("1234567890")}, "\n": 0x28}
"""Usage page 07: the digits of the upper row, and return."""
_RELEASED: Final = bytes(8)


def strokes(text: str) -> list[bytes]:
    """Input reports for digits and returns."""
    pressed = (bytes([0, 0, _USAGES[sign], 0, 0, 0, 0, 0]) for sign in text)
    return [report for one in pressed for report in (one, _RELEASED)]


def read_strokes(reports: list[bytes]) -> str:
    """The text of input reports."""
    signs = {usage: sign for sign, usage in _USAGES.items()}
    return "".join(signs[report[2]] for report in reports if report[2])
