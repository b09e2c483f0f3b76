"""docs/devices.md says what the tests show, and no more."""

from __future__ import annotations

from devices.profiles import FAMILIES
from tests.vendors.table import DOCUMENT, Way, parts, statements, table
from tests.vendors.table import FAMILIES as SHOWN


def test_the_table_is_what_the_tests_say() -> None:
    held = parts(DOCUMENT.read_text(encoding="utf-8"))[1]
    assert held == table(statements()), "write it anew: .venv/bin/python -m tests.vendors.table"


def test_no_family_is_left_out() -> None:
    shown = statements()
    assert {each.family for each in shown} == set(SHOWN) == set(FAMILIES) - {"kagiya-fob"}


def test_each_family_met_somebody_elses_program_over_usb_both_ways() -> None:
    for family in SHOWN:
        found = {each.what for each in statements() if each.family == family and each.way is Way.USB}
        assert "it reads what our driver wrote" in found, family
        assert any(what.startswith("our driver") for what in found), family


def test_the_document_names_every_family_and_says_what_is_unproven() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(f"`{family}`" in text for family in FAMILIES)
    assert "on real hardware: nothing yet" in text
