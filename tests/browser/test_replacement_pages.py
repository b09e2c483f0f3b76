"""A customer with two open tokens: the pages of portal and counter in Chromium, wide and narrow, with axe."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.browser.conftest import LANGUAGES, Live, OpenPage, is_well_made, press
from tests.browser.test_staff_pages import Looker
from tests.core.test_replacement import SUCCEEDING
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import PASSWORD
from tests.fixtures.tokens import give_token

pytestmark = sqlite_only


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """`dual`, where a second token may stand beside the one in use."""
    return SUCCEEDING


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_the_old_token_to_the_new_one(
    open_page: OpenPage, live: Live, services: Services, customer_a: Customer, fob: Fob, language: str
) -> None:
    old = give_token(services, customer_a, live.clock(), fob=fob)
    new = give_token(services, customer_a, live.clock(), CredentialState.SET_UP)
    counter = Looker(open_page(language), live, language)
    counter.sign_in()
    counter.open(f"/staff/customers/{customer_a.id}/", "SCU001", "-two-tokens")
    counter.open(f"/staff/customers/{customer_a.id}/end", "SEN001", "-two-tokens")
    page = open_page(language)
    page.goto(live.url("/portal/sign-in/dual"))
    page.fill("[name=login_id]", customer_a.login_id)
    page.fill("[name=password]", PASSWORD)
    press(page)
    is_well_made(page, f"replacing-BLG002-{language}")
    page.fill("[name=otp]", old.code(live.clock()))
    press(page)
    for path, screen in (("", "BTP001"), ("token/", "BOP001"), ("token/release/", "BOS001")):
        page.goto(live.url(f"/portal/{path}"))
        is_well_made(page, f"replacing-{screen}-{language}")
    page.goto(live.url("/portal/token/activate/"))
    page.fill("[name=otp]", new.code(live.clock()))
    press(page)
    is_well_made(page, f"replacing-BOK002-{language}")
