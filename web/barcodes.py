"""Serial numbers as Code 39 bars (ISO/IEC 16388), drawn as SVG: what a desk's barcode reader reads."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup, escape

_NARROW: Final = 1
_WIDE: Final = 3
_QUIET: Final = 10
_HEIGHT: Final = 30
_EDGE: Final = "*"
"""Stands before and after every text, and nowhere in it."""

# five bars and the four spaces between them, in turn; 1 is wide
_ELEMENTS: Final[dict[str, str]] = {
    "0": "000110100", "1": "100100001", "2": "001100001", "3": "101100000", "4": "000110001",
    "5": "100110000", "6": "001110000", "7": "000100101", "8": "100100100", "9": "001100100",
    "A": "100001001", "B": "001001001", "C": "101001000", "D": "000011001", "E": "100011000",
    "F": "001011000", "G": "000001101", "H": "100001100", "I": "001001100", "J": "000011100",
    "K": "100000011", "L": "001000011", "M": "101000010", "N": "000010011", "O": "100010010",
    "P": "001010010", "Q": "000000111", "R": "100000110", "S": "001000110", "T": "000010110",
    "U": "110000001", "V": "011000001", "W": "111000000", "X": "010010001", "Y": "110010000",
    "Z": "011010000", "-": "010000101", ".": "110000100", " ": "011000100", _EDGE: "010010100",
}  # fmt: skip


def bars(text: str) -> tuple[int, ...] | None:
    """Widths of bars and spaces in turn, from the first bar to the last; None where Code 39 lacks a character."""
    if not text or _EDGE in text or any(sign not in _ELEMENTS for sign in text):
        return None
    widths: list[int] = []
    for sign in (_EDGE, *text, _EDGE):
        if widths:
            widths.append(_NARROW)
        widths += [_WIDE if element == "1" else _NARROW for element in _ELEMENTS[sign]]
    return tuple(widths)


def barcode(text: str) -> Markup:
    """The drawing, or nothing for a text that cannot be drawn so; readers of the page have the text beside it."""
    widths = bars(text)
    if widths is None:
        return Markup("")
    path, at = [], _QUIET
    for place, width in enumerate(widths):
        if place % 2 == 0:
            path.append(f"M{at} 0h{width}v{_HEIGHT}h-{width}z")
        at += width
    drawing = (
        '<svg class="barcode" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" '
        'aria-label="{text}" shape-rendering="crispEdges"><path d="{path}"/></svg>'
    )
    return Markup(drawing).format(width=at + _QUIET, height=_HEIGHT, text=escape(text), path="".join(path))  # noqa: S704 - a constant
