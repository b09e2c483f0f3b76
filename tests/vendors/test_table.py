"""docs/devices.md says what the tests show, and no more."""

from __future__ import annotations

from devices.profile_files import load_profiles
from devices.profiles import FAMILIES
from tests.vendors.table import DOCUMENT, Grade, Way, grades, made, parts, statements
from tests.vendors.table import FAMILIES as SHOWN


def test_the_tables_are_what_the_tests_say() -> None:
    held = parts(DOCUMENT.read_text(encoding="utf-8"))[1]
    assert held == made(statements()), "write it anew: .venv/bin/python -m tests.vendors.table"


def test_no_family_is_left_out() -> None:
    shown = statements()
    assert {each.family for each in shown} == set(SHOWN) == set(FAMILIES) - {"kagiya-fob"}


def test_each_family_met_somebody_elses_program_over_usb_both_ways() -> None:
    for family in SHOWN:
        found = {each.what for each in statements() if each.family == family and each.way is Way.USB}
        assert "it reads what our driver wrote" in found, family
        assert any(what.startswith("our driver") for what in found), family


def test_each_model_has_the_grade_that_its_tests_have_earned() -> None:
    earned = grades(statements())
    assert {
        "kagiya-fob": Grade.OWN,
        "librem-key": Grade.OWN,
        "molto2-v2": Grade.CARRIED,
        "flipper-totp": Grade.CARRIED,
        "canokey": Grade.OTHER_MAKER,
        "nitrokey-3": Grade.OTHER_MAKER,
        "onlykey-duo": Grade.MAKER,
        "yubikey-2": Grade.MAKER,
        "yubikey-5": Grade.MAKER_USB,
        "nitrokey-pro": Grade.MAKER_USB,
    }.items() <= earned.items()
    assert set(earned) == {profile.name for profile in load_profiles()}


def test_the_document_names_every_family_and_says_what_is_unproven() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(f"`{family}`" in text for family in FAMILIES)
    assert text.count("| nothing yet |") == len(load_profiles())
