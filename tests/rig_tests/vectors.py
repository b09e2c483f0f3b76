"""The vectors of the protocol document, read from its fenced `vectors NAME` blocks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).parents[2] / "firmware_profiles" / "kagiya-fob.md"


def vectors(block: str) -> dict[str, str]:
    """`name = value` pairs of one block."""
    found = re.search(rf"^```vectors {block}\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None, f"no vectors {block} in {DOCUMENT.name}"
    return dict(line.split(" = ") for line in found.group(1).splitlines())


def data(block: str) -> dict[str, bytes]:
    """As `vectors`, for the values that are hexadecimal throughout."""
    return {name: bytes.fromhex(value) for name, value in vectors(block).items() if len(value) % 2 == 0}
