"""The form of a typed code: told by the first thing that is wrong with it."""

from __future__ import annotations

import pytest

from provisioning.errors import BadInput, InputFault
from provisioning.rules.otp_input import read_otp


@pytest.mark.parametrize(("text", "digits"), [("123456", None), ("12345678", None), ("000000", 6), ("1234567", 7)])
def test_a_code_of_the_length_wanted_is_taken_as_typed(text: str, digits: int | None) -> None:
    assert read_otp(text, digits) == text


@pytest.mark.parametrize(
    ("text", "digits", "fault"),
    [
        ("", None, InputFault.MISSING),
        ("", 6, InputFault.MISSING),
        ("12345a", None, InputFault.NOT_DIGITS),
        ("１２３４５６", None, InputFault.NOT_DIGITS),
        ("12345\N{SUPERSCRIPT TWO}", None, InputFault.NOT_DIGITS),
        ("abc", 6, InputFault.NOT_DIGITS),
        ("1234567", None, InputFault.WRONG_LENGTH),
        ("12345", None, InputFault.WRONG_LENGTH),
        ("123456789", None, InputFault.WRONG_LENGTH),
        ("123456", 8, InputFault.WRONG_LENGTH),
        ("12345678", 6, InputFault.WRONG_LENGTH),
    ],
)
def test_any_other_is_refused_by_its_first_fault(text: str, digits: int | None, fault: InputFault) -> None:
    with pytest.raises(BadInput) as refused:
        read_otp(text, digits, "first")
    assert refused.value == BadInput("first", fault)
