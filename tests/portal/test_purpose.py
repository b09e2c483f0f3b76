"""Wherever an address is entered, the page says what it will be used for (R67)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.institution import Institution
from provisioning.rules.issuance import Issuance, IssuancePages
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from tests.portal.conftest import SignIn
from tests.portal.test_soft_token import ENTRY, MISSING, issue

pytestmark = sqlite_only

ONE_PAGE = Issuance(IssuancePages.ONE_PAGE, 1, 1)


@pytest.fixture
def institutions(request: pytest.FixtureRequest) -> Mapping[str, Institution]:
    return {DUAL.id: replace(DUAL, **getattr(request, "param", {}))}


@pytest.mark.parametrize("institutions", [{}, {"issuance": ONE_PAGE}], indirect=True)
def test_at_an_issuance(sign_in: SignIn, customer_a: Customer) -> None:
    told_of_a_token(sign_in(customer_a).get(ENTRY).text)


def test_where_a_mail_is_sent_again_to_another_address(sign_in: SignIn, customer_a: Customer) -> None:
    told_of_a_token(issue(sign_in(customer_a)).get(MISSING).text)


def told_of_a_token(text: str) -> None:
    """The mail with the instructions, and later the notices (R45)."""
    assert "ご案内のメールのほか" in text
    assert "利用開始・解除や利用停止などのお知らせをお送りするために使います" in text


def test_at_a_change_of_the_address_for_notices(sign_in: SignIn, customer_a: Customer) -> None:
    text = sign_in(customer_a).get("/portal/information/").text
    assert "利用開始・解除や利用停止などを、すぐにお知らせするために使います" in text


@pytest.mark.parametrize("institutions", [{"mail_password": True}], indirect=True)
def test_at_the_password_by_mail(sign_in: SignIn, customer_a: Customer) -> None:
    text = sign_in(customer_a).get("/portal/mail-password/").text
    assert "メール通知パスワードと、お取引の大切なお知らせをお送りするために使います" in text
