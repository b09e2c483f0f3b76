"""A customer with a released key fob is told, where they would look, that it cannot be activated again."""

from __future__ import annotations

import pytest

from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import Visitor

pytestmark = sqlite_only

NEVER_AGAIN = "解除したハードウェアトークンは、もう一度利用開始登録をしてもご利用になれません"


@pytest.fixture
def released(sign_in: SignIn, customer_a: Customer, fob: Fob, services: Services, clock: MovableClock) -> Visitor:
    """A's browser right after the release, on BOS002."""
    token = give_token(services, customer_a, clock(), fob=fob)
    browser = sign_in(customer_a, token.code(clock()))
    clock.advance(minutes=1)
    form = "/portal/token/release/"
    assert NEVER_AGAIN in browser.get(form).text, "before anything is done, too"
    browser.submit(form, confirmation_password=CONFIRMATION_PASSWORD, otp=token.code(clock()))
    return browser


def test_it_is_told_after_the_release_and_where_the_customer_would_try(
    released: Visitor, sign_in: SignIn, customer_a: Customer, clock: MovableClock
) -> None:
    assert "お手元のハードウェアトークンは、もう一度利用開始登録をしてもご利用になれません" in released.text
    assert NEVER_AGAIN in released.get("/portal/token/").text
    clock.advance(days=1)
    tomorrow = sign_in(customer_a)
    for path in ("/portal/", "/portal/token/"):
        assert NEVER_AGAIN in tomorrow.get(path).text, path
    assert tomorrow.get("/portal/token/activate/").path == "/portal/token/"
    english = tomorrow.get("/language/en?next=/portal/token/").text
    assert "The hardware token that you released cannot be activated again" in english


def test_a_released_app_is_no_fob(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    browser = sign_in(customer_a, token.code(clock()))
    clock.advance(minutes=1)
    form = "/portal/token/release/"
    browser.get(form).submit(form, confirmation_password=CONFIRMATION_PASSWORD, otp=token.code(clock()))
    assert NEVER_AGAIN not in browser.text
    assert NEVER_AGAIN not in browser.get("/portal/token/").text
