"""The set-up code of the strict activation profile at the counter: on the page turned to the customer (R20)."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from provisioning.rules.institution import Institution
from provisioning.rules.setup_code import ALPHABET
from provisioning.services import Services
from provisioning.store.tables import Customer, OutboxMail
from tests.fixtures.databases import sqlite_only
from tests.portal.conftest import MovableClock
from tests.soft.issuing import strict
from tests.staff.conftest import Colleague
from tests.staff.test_soft_at_counter import PASSWORD, at, choose_password, give_address, mails_of

pytestmark = sqlite_only

_SHOWN = re.compile(rf"\b[{ALPHABET}]{{5}} [{ALPHABET}]{{5}}\b")


@pytest.fixture
def institutions(institutions: Mapping[str, Institution]) -> Mapping[str, Institution]:
    """`dual` is strict."""
    return strict(institutions)


def thanked(desk: Colleague, customer: Customer) -> str:
    """The code on the page turned to the customer."""
    assert desk.path == at(customer, "thanks")
    found = _SHOWN.search(desk.text)
    assert found is not None
    return found.group()


def test_the_customer_sees_the_code_and_the_console_does_not(
    teller_desk: Colleague, customer_a: Customer, clock: MovableClock
) -> None:
    give_address(teller_desk, customer_a)
    choose_password(teller_desk, customer_a, PASSWORD)
    code = thanked(teller_desk, customer_a)
    assert thanked(teller_desk.get(at(customer_a, "thanks")), customer_a) == code
    console = [link for link in teller_desk.links if link.startswith("/staff/acts/")]
    for path in (*console, f"/staff/customers/{customer_a.id}/", "/staff/mails/"):
        assert code not in teller_desk.get(path).text
    clock.advance(minutes=10)
    teller_desk.get(at(customer_a, "thanks"))
    assert _SHOWN.search(teller_desk.text) is None


def test_a_resend_leads_over_the_customers_page_to_a_new_code(
    teller_desk: Colleague, services: Services, customer_a: Customer
) -> None:
    give_address(teller_desk, customer_a)
    choose_password(teller_desk, customer_a, PASSWORD)
    first = thanked(teller_desk, customer_a)
    (mail,) = mails_of(services)
    assert isinstance(mail, OutboxMail)
    again, password = (f"/staff/mails/{mail.id}/{path}" for path in ("again", "password"))
    teller_desk.get(again)
    assert teller_desk.says("お客さまに決め直していただきます。新しい初期設定コード")
    teller_desk.press(again)
    teller_desk.press(password, activation_password="294618", activation_password_again="294618")
    assert thanked(teller_desk, customer_a) != first
