"""登録状況 on BOP001 is told in the institution's own words, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.institutions import load_institutions
from provisioning.rules.institution import Institution, StateTexts, Text
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL, OTHER
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock, SignIn

OWN = StateTexts(
    none=Text("お申込みなし", "No application"),
    issued=Text("開始のお手続き待ち", "Waiting for you to activate"),
    active=Text("ご利用いただけます", "Ready to use"),
)


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    return {"dual": replace(DUAL, states=OWN), "other": OTHER}


@sqlite_only
@pytest.mark.parametrize(
    ("state", "words"),
    [(None, OWN.none), (CredentialState.SET_UP, OWN.issued), (CredentialState.ACTIVE, OWN.active)],
)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_words_are_the_profiles(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock,
    state: CredentialState | None, words: Text, language: str,
) -> None:  # fmt: skip
    token = give_token(services, customer_a, clock(), state) if state else None
    code = token.code(clock()) if token and state is CredentialState.ACTIVE else None
    browser = sign_in(customer_a, code)
    browser.client.set_cookie("kagiya-language", language, domain="localhost")
    for page in ("/portal/", "/portal/token/"):
        assert words.in_language(language) in browser.get(page).text


def test_the_shipped_profile_says_what_the_manuals_say() -> None:
    states = load_institutions()["dual"].states
    assert states == StateTexts()
    assert [states.none.ja, states.issued.ja, states.active.ja, states.suspended.ja] == [
        "未登録", "トークン発行済", "利用中", "利用停止",
    ]  # fmt: skip
