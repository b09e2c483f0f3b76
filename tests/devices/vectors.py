"""The vectors of the protocol notes in firmware_profiles/, read from the documents themselves."""

from __future__ import annotations

import re
from functools import cache

from devices.profile_files import SHIPPED

_BLOCK = re.compile(r"```vectors (\w+)\n(.*?)```", re.DOTALL)


@cache
def vectors(name: str, note: str = "kagiya-fob") -> dict[str, str]:
    """The lines `key = value` of one block."""
    blocks = dict(_BLOCK.findall((SHIPPED / f"{note}.md").read_text(encoding="utf-8")))
    return dict(line.split(" = ") for line in blocks[name].splitlines())


def hexed(block: str, name: str, note: str = "kagiya-fob") -> bytes:
    """One value as bytes."""
    return bytes.fromhex(vectors(block, note)[name])


def series(block: str, prefix: str, note: str = "kagiya-fob") -> list[bytes]:
    """The values prefix0, prefix1, …"""
    return [bytes.fromhex(value) for name, value in vectors(block, note).items() if name.startswith(prefix)]
