"""The form of a typed one-time password. What has another form is not a wrong code and is never counted."""

from __future__ import annotations

from typing import Final

from provisioning.errors import BadInput, InputFault

LENGTHS: Final = (6, 8)


def read_otp(text: str, digits: int | None = None, field: str = "otp") -> str:
    """The code as typed. Raises BadInput unless it is `digits` (None: any length in use) ASCII digits."""
    if not text:
        raise BadInput(field, InputFault.MISSING)
    if not (text.isascii() and text.isdigit()):
        raise BadInput(field, InputFault.NOT_DIGITS)
    if len(text) not in (LENGTHS if digits is None else (digits,)):
        raise BadInput(field, InputFault.WRONG_LENGTH)
    return text
