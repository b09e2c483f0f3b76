"""Control characters in addresses, queries and fields: refused as what they are, by either database."""

from __future__ import annotations

import pytest

from provisioning.store.tables import Customer
from tests.staff.conftest import Colleague


@pytest.mark.parametrize(
    "address",
    ["/staff/customers/a%00b/", "/staff/mails/a%00b/again", "/staff/customers/a%0Ab/soft/", "/staff/acts/%1B"],
)
def test_an_address_with_control_characters_leads_nowhere(teller_desk: Colleague, address: str) -> None:
    teller_desk.get(address)
    assert teller_desk.page.status_code == 404


@pytest.mark.parametrize("query", ["/staff/search/?q=a%00b", "/staff/mails/?only=%00", "/staff/stock/?q=%00"])
def test_a_query_with_control_characters_finds_nothing(teller_desk: Colleague, query: str) -> None:
    teller_desk.get(query)
    assert teller_desk.page.status_code in {200, 404}


def test_a_field_with_a_nul_is_refused(teller_desk: Colleague, customer_a: Customer) -> None:
    form = f"/staff/customers/{customer_a.id}/soft/"
    teller_desk.get(form)
    fields = teller_desk.form(form) | {"mail_address": "a\0@b.example", "mail_address_again": "a\0@b.example"}
    teller_desk.post(form, fields)
    assert teller_desk.page.status_code == 422
