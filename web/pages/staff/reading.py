"""What is typed or scanned at the desk: serial numbers and counts, however the keyboard wrote them."""

from __future__ import annotations

from provisioning.errors import BadInput, InputFault
from provisioning.rules.search_text import normal


def read_serial(text: str) -> str:
    """A serial number as it stands on a label."""
    return normal(text).upper()


def read_serials(text: str) -> frozenset[str]:
    """Several, one a line or with spaces between them."""
    return frozenset(map(read_serial, text.split()))


def read_count(text: str, field: str, most_digits: int) -> int:
    """How many. Raises BadInput(field)."""
    digits = normal(text)
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= most_digits):
        raise BadInput(field, InputFault.NOT_DIGITS)
    return int(digits)
