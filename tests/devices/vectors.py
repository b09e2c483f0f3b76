"""The vectors of firmware_profiles/kagiya-fob.md, read from the document itself."""

from __future__ import annotations

import re
from functools import cache

from devices.profile_files import SHIPPED

_BLOCK = re.compile(r"```vectors (\w+)\n(.*?)```", re.DOTALL)


@cache
def vectors(name: str) -> dict[str, str]:
    """The lines `key = value` of one block."""
    blocks = dict(_BLOCK.findall((SHIPPED / "kagiya-fob.md").read_text(encoding="utf-8")))
    return dict(line.split(" = ") for line in blocks[name].splitlines())


def hexed(block: str, name: str) -> bytes:
    """One value as bytes."""
    return bytes.fromhex(vectors(block)[name])


def series(block: str, prefix: str) -> list[bytes]:
    """The values prefix0, prefix1, …"""
    return [bytes.fromhex(value) for name, value in vectors(block).items() if name.startswith(prefix)]
