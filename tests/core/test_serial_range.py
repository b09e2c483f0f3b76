"""Ranges of serial numbers as they stand on boxes."""

from __future__ import annotations

import pytest

from provisioning.errors import BadInput
from provisioning.rules.serial_range import MAX_RANGE, SerialRange, serial_range


def test_numbers_are_read_as_written() -> None:
    assert serial_range("KF-099", "KF-101").serials() == ["KF-099", "KF-100", "KF-101"]
    assert serial_range("12345678", "12345678") == SerialRange("", 8, 12345678, 12345678)
    assert len(serial_range("1000", "1999").serials()) == MAX_RANGE


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("", "KF-1", "lowest"),
        ("KF-", "KF-1", "lowest"),
        ("KF 1", "KF 2", "lowest"),
        ("KF-1", "", "highest"),
        ("KF-1", "KG-2", "highest"),
        ("KF-1", "KF-10", "highest"),
        ("KF-2", "KF-1", "highest"),
        ("KF-0000", "KF-1000", "highest"),
        ("A" * 32 + "1", "A" * 32 + "2", "lowest"),
    ],
)
def test_what_is_no_range(first: str, last: str, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        serial_range(first, last)
    assert refused.value.field == field
