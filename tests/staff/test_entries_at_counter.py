"""The counter asks for address and activation password as often as the institution's profile says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.institution import Institution
from provisioning.rules.issuance import Issuance
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from tests.staff.conftest import Colleague

pytestmark = sqlite_only


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """It asks for nothing twice."""
    return {DUAL.id: replace(DUAL, issuance=Issuance(mail_entries=1, password_entries=1))}


def test_once_is_enough_from_the_address_to_a_mail_sent_again(
    teller_desk: Colleague, customer_a: Customer
) -> None:
    entry = f"/staff/customers/{customer_a.id}/soft/"
    teller_desk.get(entry)
    assert set(teller_desk.form(entry)) == {"csrf_token", "step", "mail_address"}
    teller_desk.press(entry, mail_address="hanako")
    assert teller_desk.path == entry
    teller_desk.press(entry, mail_address="hanako@carrier.example")
    password = f"{entry}password"
    assert set(teller_desk.form(password)) == {"csrf_token", "step", "activation_password"}
    teller_desk.press(password, activation_password="1111")
    assert teller_desk.path == password
    teller_desk.press(password, activation_password="850417")
    assert teller_desk.path == f"{entry}thanks"
    teller_desk.get(f"/staff/customers/{customer_a.id}/")
    again = next(link for link in teller_desk.links if link.endswith("/again"))
    teller_desk.get(again)
    assert set(teller_desk.form(again)) == {"csrf_token", "step", "mail_address"}
    teller_desk.press(again, mail_address="hanako@sample.example")
    assert teller_desk.says("案内メールをもう一度送ります")


def test_the_counter_says_what_the_address_is_for(teller_desk: Colleague, customer_a: Customer) -> None:
    text = teller_desk.get(f"/staff/customers/{customer_a.id}/soft/").page.text
    assert "案内と、初期設定のあとは利用開始・解除などのお知らせの送付に使います" in text
