"""Figures that a run in the guest tells, for the end of `make guest`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FILE: Final = Path("/opt/results/figures.txt")


def tell(line: str) -> None:
    """One line."""
    with _FILE.open("a", encoding="utf-8") as file:
        file.write(f"  {line}\n")
