"""Texts of others as they are shown and written: nothing in them moves, ends or turns a line (R65)."""

from __future__ import annotations

import unicodedata
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, marks of direction, line ends, and what is no character."""


def visible(text: str) -> str:
    r"""Characters without a look of their own by their number: a line feed is \u000a, a turned line \u202e."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"\\u{ord(one):04x}" if unicodedata.category(one) in _UNSEEN else one for one in text)
