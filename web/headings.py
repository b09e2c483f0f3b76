"""Where a line breaks: not within an identifier, and in a long heading behind the first part of a compound."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

# a compound of the manuals, before the next Chinese or katakana word of it
_FIRST_PART: Final = re.compile(
    r"(?:ワンタイムパスワード|メール通知パスワード|ソフトウェアトークン|ハードウェアトークン)(?=[\u4e00-\u9fff\u30a1-\u30fa])"
)
# parts with a hyphen between them, where a browser would break, and a digit in one of them
_IDENTIFIER: Final = re.compile(r"(?<![\w&#-])(?=[A-Za-z-]*[0-9])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+", re.ASCII)

_FITS_ANY_LINE: Final = 20
"""Characters: in a heading on a phone, too."""


def breakable(title: Markup) -> Markup:
    """The escaped `title`, which may go on in the next line behind the first part of a long compound."""
    return whole(Markup(_FIRST_PART.sub(r"\g<0><wbr>", str(title))))  # noqa: S704 - escaped before


def whole(text: object) -> Markup:
    """A sentence whose identifiers stay in one line where one line holds them."""
    return Markup(_IDENTIFIER.sub(_kept, str(escape(text))))  # noqa: S704 - escaped


def _kept(found: re.Match[str]) -> str:
    # in a box of its own it may be longer than a line, but what follows it, a comma too, may begin the next one
    look = "whole" if len(found[0]) <= _FITS_ANY_LINE else "whole--long"
    return f'<span class="{look}">{found[0]}</span>'
