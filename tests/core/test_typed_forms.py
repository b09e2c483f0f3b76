"""Forms of what people type: activation password, identifiers."""

from __future__ import annotations

import pytest

from provisioning.errors import BadInput, InputFault
from provisioning.rules.activation_password import read_activation_password
from provisioning.rules.identifiers import lookup_name, read_service_id, read_user_id
from tests.fixtures.services import DUAL, OTHER

IDS = ("10112231", "123456780001")


@pytest.mark.parametrize("password", ["2580", "13579", "90210", "28649173"])
def test_usable_activation_passwords(password: str) -> None:
    assert read_activation_password(password, password, IDS) == password


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", InputFault.MISSING),
        ("258", InputFault.WRONG_LENGTH),
        ("258025802", InputFault.WRONG_LENGTH),
        ("25８0", InputFault.NOT_DIGITS),
        ("25 80", InputFault.NOT_DIGITS),
        ("258a", InputFault.NOT_DIGITS),
        ("1111", InputFault.TOO_SIMPLE),
        ("00000000", InputFault.TOO_SIMPLE),
        ("1234", InputFault.TOO_SIMPLE),
        ("87654321", InputFault.TOO_SIMPLE),
        ("7890", InputFault.TOO_SIMPLE),
        ("0001", InputFault.PART_OF_ID),
        ("678000", InputFault.PART_OF_ID),
        ("1223", InputFault.PART_OF_ID),
    ],
)
def test_refused_activation_passwords(password: str, fault: InputFault) -> None:
    with pytest.raises(BadInput) as refused:
        read_activation_password(password, password, IDS)
    assert refused.value == BadInput("activation_password", fault)


def test_the_second_typing_must_agree() -> None:
    with pytest.raises(BadInput) as refused:
        read_activation_password("2580", "2581", IDS)
    assert refused.value == BadInput("activation_password_again", InputFault.DO_NOT_MATCH)


def test_user_ids_have_the_institutions_form() -> None:
    assert read_user_id("123456780001", DUAL) == "123456780001"
    assert read_user_id("1234567890123ABC", OTHER) == "1234567890123ABC"
    for text in ("12345678000", "1234567890123ABC", "１２３４５６７８０００１", "123456780001\n"):
        with pytest.raises(BadInput):
            read_user_id(text, DUAL)


def test_service_ids_are_eight_digits() -> None:
    assert read_service_id("10112231") == "10112231"
    for text in ("1011223", "１０１１２２３１", "1011223a", "10112231\n"):
        with pytest.raises(BadInput) as refused:
            read_service_id(text)
        assert refused.value == BadInput("service_id", InputFault.BAD_FORM)
    with pytest.raises(BadInput) as missing:
        read_service_id(" ")
    assert missing.value == BadInput("service_id", InputFault.MISSING)


def test_names_to_search_by() -> None:
    assert lookup_name("山田", "login_id") == "山田"
    for text in ("a\x00b", "x" * 65, "a\nb"):
        with pytest.raises(BadInput) as refused:
            lookup_name(text, "login_id")
        assert refused.value == BadInput("login_id", InputFault.BAD_FORM)
