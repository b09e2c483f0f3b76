"""注意事項 on BOP001: the institution's notes in order, each under its heading, in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.institution import Institution, Note, Text
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from tests.portal.conftest import SignIn

pytestmark = sqlite_only

FIRST, SECOND, THIRD = (Text(f"{word}です。", f"Note {word}.") for word in ("一つ目", "二つ目", "三つ目"))
TOKEN, IMPORTANT = Text("トークンとは", "What a token is"), Text("重要", "Important")


@pytest.fixture
def institutions(request: pytest.FixtureRequest) -> Mapping[str, Institution]:
    """One with the notes of the test."""
    return {DUAL.id: replace(DUAL, notes=request.param)}


def shown(page: str) -> list[tuple[str, str]]:
    """Headings and notes as they follow each other."""
    (part,) = re.findall(r'<div class="card card--flat notes">(.*?)</div>', page, re.DOTALL)
    return re.findall(r"<(h3|li)>([^<]+)<", part)


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(
    "institutions", [(Note(FIRST, TOKEN), Note(SECOND), Note(THIRD, IMPORTANT))], indirect=True
)
def test_a_heading_stands_over_its_notes(sign_in: SignIn, customer_a: Customer, language: str) -> None:
    browser = sign_in(customer_a)
    browser.client.set_cookie("kagiya-language", language, domain="localhost")
    parts = (("h3", TOKEN), ("li", FIRST), ("li", SECOND), ("h3", IMPORTANT), ("li", THIRD))
    page = browser.get("/portal/token/").page.text
    assert shown(page) == [(tag, text.in_language(language)) for tag, text in parts]


@pytest.mark.parametrize("institutions", [(Note(FIRST), Note(SECOND, IMPORTANT))], indirect=True)
def test_notes_without_a_heading_come_first(sign_in: SignIn, customer_a: Customer) -> None:
    page = sign_in(customer_a).get("/portal/token/").page.text
    assert shown(page) == [("li", FIRST.ja), ("h3", IMPORTANT.ja), ("li", SECOND.ja)]
