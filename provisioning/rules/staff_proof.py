"""How staff show who they are, and for how long that stands before sensitive acts (R53, R57)."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from provisioning.errors import BadInput, InputFault

STEP_UP_LIFE: Final = timedelta(minutes=5)
PASSWORD_LENGTH: Final = range(12, 129)
_DIFFERENT_SIGNS: Final = 5


class SignInProof(StrEnum):
    """By what somebody is signed in; a step-up is by the same."""

    PASSKEY = "passkey"
    FALLBACK = "fallback"
    # a demonstration's reusable link, on its own machine
    DEMO = "demo"


def is_fresh(proved_at: datetime, now: datetime) -> bool:
    """Whether a sensitive act may be done without showing anew who it is."""
    return now - proved_at <= STEP_UP_LIFE


def read_staff_password(text: str, field: str) -> str:
    """A password as it is hashed: any signs, by length alone. Raises BadInput."""
    password = normal_password(text)
    if not password:
        raise BadInput(field, InputFault.MISSING)
    if len(password) not in PASSWORD_LENGTH:
        raise BadInput(field, InputFault.WRONG_LENGTH)
    if len(set(password)) < _DIFFERENT_SIGNS:
        raise BadInput(field, InputFault.TOO_SIMPLE)
    return password


def normal_password(text: str) -> str:
    """The same signs however the keyboard composed them."""
    return unicodedata.normalize("NFKC", text)
