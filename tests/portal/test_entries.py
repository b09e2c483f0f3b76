"""Address and activation password are typed as often as the institution's profile says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.institution import Institution
from provisioning.rules.issuance import Issuance
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD
from tests.fixtures.services import DUAL
from tests.portal.conftest import SignIn

pytestmark = sqlite_only

ENTRY = "/portal/token/soft/"
CHECK = "/portal/token/soft/check"
CHANGE = "/portal/token/soft/mail/change"
ONCE = {"mail_address": "taro@sample.example", "activation_password": "482193"}
AGAIN = {"mail_address_again": "taro@sample.example", "activation_password_again": "482193"}


@pytest.fixture
def institutions(request: pytest.FixtureRequest) -> Mapping[str, Institution]:
    """It asks as often as the test says: mail address, activation password."""
    mail, password = getattr(request, "param", (1, 1))
    return {DUAL.id: replace(DUAL, issuance=Issuance(mail_entries=mail, password_entries=password))}


@pytest.mark.parametrize(
    ("institutions", "asked"),
    [
        ((1, 1), {*ONCE}),
        ((1, 2), {*ONCE, "activation_password_again"}),
        ((2, 1), {*ONCE, "mail_address_again"}),
        ((2, 2), {*ONCE, *AGAIN}),
    ],
    indirect=["institutions"],
)
def test_a_form_asks_for_what_the_profile_says_and_no_more(
    sign_in: SignIn, customer_a: Customer, asked: set[str]
) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    assert set(browser.form(ENTRY)) - {"csrf_token", "step"} == asked
    for field in set(AGAIN) - asked:
        browser.get(ENTRY).submit(ENTRY, **ONCE, **{field: AGAIN[field]})
        assert browser.page.status_code == 422, "a field that the screen lacks"
    browser.get(ENTRY).submit(ENTRY, **{name: text for name, text in (ONCE | AGAIN).items() if name in asked})
    assert browser.path == CHECK


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"mail_address": "taro"}, "「名前@ドメイン」の形"),
        ({"mail_address": ""}, "メールアドレスを入力してください"),
        ({"activation_password": "四八二一九三"}, "半角数字だけ"),
        ({"activation_password": "1111"}, "同じ数字の繰り返し"),
        ({"activation_password": "9" * 10_000}, "4～8桁"),
        ({"mail_address": f"{'a' * 10_000}@sample.example"}, "「名前@ドメイン」の形"),
        ({"mail_address": "👺@sample.example"}, "「名前@ドメイン」の形"),
    ],
)
def test_what_is_typed_once_is_looked_at_all_the_same(
    sign_in: SignIn, customer_a: Customer, wrong: dict[str, str], words: str
) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **(ONCE | wrong))
    assert (browser.path, words in browser.text) == (ENTRY, True)
    assert browser.form(ENTRY)["mail_address"] == (ONCE | wrong)["mail_address"]


def test_a_mail_that_is_sent_again_asks_once_too(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **ONCE)
    browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD)
    browser.get("/portal/token/soft/mail/")
    assert set(AGAIN) & set(browser.form(CHANGE)) == set()
    browser.submit(CHANGE, mail_address="hanako@sample.example", confirmation_password=CONFIRMATION_PASSWORD)
    assert "hanako@sample.example" in browser.text
