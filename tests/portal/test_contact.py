"""Whom to call, and when somebody answers: on every page of the institution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.institution import Institution, Text
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL, OTHER
from tests.portal.conftest import SignIn
from tests.portal.visitor import Visitor

pytestmark = sqlite_only

HOURS = Text(ja="平日9時～17時", en="weekdays, 9:00 to 17:00")


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """One says when its telephone is answered, the other does not."""
    return {DUAL.id: replace(DUAL, contact_hours=HOURS), OTHER.id: OTHER}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ja", "見本第一銀行サポートセンター 0120-000-001 （受付時間: 平日9時～17時）"),
        ("en", "Sample First Bank support 0120-000-001 (open: weekdays, 9:00 to 17:00)"),
    ],
)
def test_the_hours_stand_beside_the_number(
    sign_in: SignIn, customer_a: Customer, language: str, words: str
) -> None:
    browser = sign_in(customer_a).get(f"/language/{language}?next=/portal/token/")
    assert words in browser.text


def test_without_hours_the_number_stands_alone(visitor: Visitor) -> None:
    text = visitor.get("/portal/sign-in/other").text
    assert "0120-000-002" in text
    assert "tel:0120000002" in visitor.links, "a phone dials it"
    assert "受付時間" not in text
