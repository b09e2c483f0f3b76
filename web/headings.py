"""Headings in which a browser finds no place to break but within a word."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup

# a compound of the manuals, before the next Chinese or katakana word of it
_FIRST_PART: Final = re.compile(
    r"(?:ワンタイムパスワード|メール通知パスワード|ソフトウェアトークン|ハードウェアトークン)(?=[\u4e00-\u9fff\u30a1-\u30fa])"
)


def breakable(title: Markup) -> Markup:
    """The escaped `title`, which may go on in the next line behind the first part of a long compound."""
    return Markup(_FIRST_PART.sub(r"\g<0><wbr>", str(title)))  # noqa: S704 - escaped before
