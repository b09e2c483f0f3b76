"""An institution that offers one kind of token: nobody is asked to choose (BOT010 is skipped)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.institution import Institution
from provisioning.rules.states import TokenKind
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from tests.portal.conftest import SignIn

pytestmark = sqlite_only

MENU = "/portal/token/"
KIND = "/portal/token/kind"
SOFT = "/portal/token/soft/"
HARD = "/portal/token/hard/"


@pytest.fixture
def institutions(request: pytest.FixtureRequest) -> Mapping[str, Institution]:
    """It offers the kind that the test names."""
    return {DUAL.id: replace(DUAL, kinds=(request.param,))}


@pytest.mark.parametrize(
    ("institutions", "first", "other", "named"),
    [
        (TokenKind.SOFT, SOFT, HARD, "ソフトウェアトークン"),
        (TokenKind.HARD, HARD, SOFT, "ハードウェアトークン"),
    ],
    indirect=["institutions"],
)
def test_the_first_screen_of_the_only_kind_comes_at_once(
    sign_in: SignIn, customer_a: Customer, first: str, other: str, named: str
) -> None:
    browser = sign_in(customer_a).get(MENU)
    assert f"{named}をお申込みになる方。" in browser.text
    assert browser.get(KIND).path == first
    assert MENU in browser.links
    assert KIND not in browser.links, "back leads to the menu, not round in a circle"
    assert browser.get(other).path != other
