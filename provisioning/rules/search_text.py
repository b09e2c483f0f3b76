"""The form in which names and numbers are compared when somebody searches."""

from __future__ import annotations

import unicodedata
from typing import Final

KEY_LENGTH: Final = 100
"""So many characters of a key are kept and compared."""

_HIRAGANA: Final = frozenset(chr(code) for code in range(0x3041, 0x3097))
_TO_KATAKANA: Final = 0x60


def normal(text: str) -> str:
    """Full-width letters and digits made plain, half-width kana full, hiragana as katakana, no outer space.

    What cannot be printed is left out.
    """
    folded = unicodedata.normalize("NFKC", text).strip()
    plain = (chr(ord(sign) + _TO_KATAKANA) if sign in _HIRAGANA else sign for sign in folded)
    return "".join(sign for sign in plain if sign.isprintable())


def key(text: str) -> str:
    """`text` as it is compared: normal, without spaces, case folded, at most KEY_LENGTH characters."""
    return normal(text).replace(" ", "").casefold()[:KEY_LENGTH]


def endings(text: str) -> set[str]:
    """Every ending of a name as a key: a text stands somewhere in the name if an ending begins with it."""
    whole = normal(text).replace(" ", "").casefold()
    return {whole[at : at + KEY_LENGTH] for at in range(len(whole))}
