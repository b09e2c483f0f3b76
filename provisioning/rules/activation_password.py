"""The activation password (利用開始パスワード): 4 to 8 digits, typed twice, not easily guessed (R16)."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from provisioning.errors import BadInput, InputFault

MIN_LENGTH: Final = 4
MAX_LENGTH: Final = 8
_FIELD: Final = "activation_password"


def read_activation_password(text: str, again: str, ids: tuple[str, ...]) -> str:
    """The password to keep. `ids` are the service ID and the user ID, of which it must be no part.

    Raises BadInput naming `activation_password`, or `activation_password_again` where the two differ.
    """
    if not text:
        raise BadInput(_FIELD, InputFault.MISSING)
    if not (text.isascii() and text.isdigit()):
        raise BadInput(_FIELD, InputFault.NOT_DIGITS)
    if not MIN_LENGTH <= len(text) <= MAX_LENGTH:
        raise BadInput(_FIELD, InputFault.WRONG_LENGTH)
    if _is_run(text):
        raise BadInput(_FIELD, InputFault.TOO_SIMPLE)
    if any(text in identifier for identifier in ids):
        raise BadInput(_FIELD, InputFault.PART_OF_ID)
    if text != again:
        raise BadInput(f"{_FIELD}_again", InputFault.DO_NOT_MATCH)
    return text


def _is_run(digits: str) -> bool:
    """One digit repeated, or digits that go up or down by one, also over 9 and 0."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits)}
    return steps <= {0} or steps in ({1}, {9})
