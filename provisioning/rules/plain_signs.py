"""What was typed as it is meant: keyboards for Japanese write full-width, and displays show digits in groups."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """Full-width letters, digits and signs made plain, no outer space."""
    return unicodedata.normalize("NFKC", text).strip()


def plain_digits(text: str) -> str:
    """The same without any space, as the app reads it, too: 「４８２１　０９３７」 is 48210937."""
    return "".join(plain(text).split())
