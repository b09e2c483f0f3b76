"""Where the portal leads to the app's own pages: after an issuance (BOT002) and after a release (BOS002)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.app_profile import AppProfile
from provisioning.rules.institution import Institution
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.test_soft_token import issue
from tests.portal.visitor import Visitor

pytestmark = sqlite_only

RELEASE = "/portal/token/release/"


@pytest.fixture
def names_feature_phones() -> bool:
    return True


@pytest.fixture
def institutions(institutions: Mapping[str, Institution], names_feature_phones: bool) -> Mapping[str, Institution]:
    """`dual` names the page for feature phones or does not, `other` always does."""
    naming = {"dual": names_feature_phones, "other": True}
    return {name: replace(institutions[name], app=AppProfile(feature_phone=it)) for name, it in naming.items()}


def links_to_the_app(browser: Visitor) -> set[str]:
    return {link for link in browser.links if link.startswith("/app/")}


@pytest.mark.parametrize("names_feature_phones", [True, False])
def test_an_issuance_leads_to_the_manual_and_the_download_pages(
    sign_in: SignIn, customer_a: Customer, names_feature_phones: bool
) -> None:
    browser = issue(sign_in(customer_a))
    links = links_to_the_app(browser)
    assert links - {"/app/download/feature-phone"} == {"/app/manual", "/app/download"}
    assert ("/app/download/feature-phone" in links) == names_feature_phones
    for link in links:
        assert browser.get(link).answer.status_code == 200


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_release_leads_to_how_a_token_is_deleted_and_to_the_apps_pages(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock, language: str
) -> None:
    token = give_token(services, customer_a, clock())
    browser = sign_in(customer_a, token.code(clock())).get(f"/language/{language}?next=/portal/")
    clock.advance(minutes=1)
    browser.get(RELEASE)
    browser.submit(RELEASE, confirmation_password=CONFIRMATION_PASSWORD, otp=token.code(clock()))
    assert browser.path == RELEASE + "done"
    pages = {"/app/manual", "/app/download", "/app/download/feature-phone"}
    assert links_to_the_app(browser) == {*pages, "/app/manual#delete"}
    heading = {"ja": "トークンの削除", "en": "Deleting a token"}[language]
    page = browser.get("/app/manual").page.text
    assert re.search(rf'id="delete">\s*<h2>{heading}</h2>', page)
