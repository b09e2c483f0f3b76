"""The set-up code (初期設定コード) of the strict profile: random, for one ticket, never mailed (R20)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and letters that are hard to take for one another: 30, so that ten hold 49 bits."""

LENGTH: Final = 10
_GROUP: Final = 5


@dataclass(frozen=True, slots=True)
class SetupCode:
    """What the app asks for beside the activation password, and until when its ticket lives."""

    text: str = field(repr=False)
    expires_at: datetime

    @property
    def grouped(self) -> str:
        """As it is shown: `7KQ4M X2B9T`."""
        return " ".join(self.text[at : at + _GROUP] for at in range(0, LENGTH, _GROUP))
