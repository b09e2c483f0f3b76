"""What stands in a file of entries does nothing where it is opened (R65)."""

from __future__ import annotations

import pytest

from web.spreadsheet import cell
from web.visible import visible


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "＝1", "＋1", "－1", "＠x"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_a_number_is_no_formula() -> None:
    assert cell(-3) == "-3"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb", "a\\u000d\\u000ab"),
        ("\u2066x\u202e", "\\u2066x\\u202e"),
        ("縦　横", "縦　横"),
        ("\u2028", "\\u2028"),
        ("\t=1", "\\u0009=1"),
    ],
)
def test_nothing_moves_a_line(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert not cell(text).startswith(("=", "\t"))
