"""Passwords of staff: by length alone, however the keyboard composed the signs."""

from __future__ import annotations

import pytest

from provisioning.errors import BadInput
from provisioning.rules.staff_proof import read_staff_password

BAD = ("", "short", "x" * 129, "aaaaaaaaaaaa", "abababababab", "十一文字のことばです。")


@pytest.mark.parametrize("password", BAD)
def test_passwords_have_a_length_and_are_not_one_sign(password: str) -> None:
    with pytest.raises(BadInput):
        read_staff_password(password, "password")


def test_any_signs_make_a_password() -> None:
    for password in (
        "nur kleine worte",
        "123456789012",
        "緑の鍵束と 42 羽の燕",
        "x y z a b c d",
        "q" * 100 + "wert",
    ):
        assert read_staff_password(password, "password") == password


def test_the_same_signs_are_the_same_password() -> None:
    assert read_staff_password("が" * 9 + "つぎのことば", "password") == read_staff_password(
        "か\u3099" * 9 + "つぎのことば", "password"
    )
    assert read_staff_password("ＡＢＣＤＥＦＧＨＩＪＫＬ", "password") == "ABCDEFGHIJKL"
