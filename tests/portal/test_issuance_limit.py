"""What is mended on paper, told in the portal with the way out: 発行規制 and a suspension."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.core.papers import LIMIT, ON_PAPER
from tests.core.test_issuance_limit import use_up
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock, SignIn

pytestmark = sqlite_only

MENU = "/portal/token/"


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """Three issuances and no more."""
    return ON_PAPER


def test_a_restricted_customer_is_told_what_to_do(
    sign_in: SignIn, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    use_up(services, customer_a, clock(), LIMIT - 1)
    assert "回数が上限" not in sign_in(customer_a).get(MENU).text
    use_up(services, customer_a, clock(), 1)
    browser = sign_in(customer_a).get(MENU)
    assert "本店の窓口で書面によるお手続きをしてください" in browser.text
    assert MENU + "kind" not in browser.links
    assert MENU + "kind" not in browser.get("/portal/").links
    for path in ("kind", "soft/", "hard/"):
        assert browser.get(MENU + path).path == MENU, path


def test_who_is_restricted_between_two_pages_is_told_on_the_next(
    sign_in: SignIn, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    browser = sign_in(customer_a).get(MENU + "hard/")
    use_up(services, customer_a, clock())
    browser.submit(MENU + "hard/")
    assert browser.path == MENU
    assert "書面によるお手続き" in browser.text


def test_a_suspended_customer_is_told_that_a_form_is_needed(
    sign_in: SignIn, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    for _ in range(5):
        verify(services, VerifyCommand("dual", token.user_id, token.wrong(clock()), SYSTEM), clock())
    assert "停止の解除には、書面によるお手続きが必要です" in sign_in(customer_a).text
