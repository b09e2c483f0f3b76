"""Control characters and endless numbers in addresses, queries and fields: refused as what they are."""

from __future__ import annotations

import pytest

from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock
from tests.staff.conftest import AtDesk, Colleague


@pytest.mark.parametrize(
    "address",
    ["/staff/customers/a%00b/", "/staff/mails/a%00b/again", "/staff/customers/a%0Ab/soft/", "/staff/acts/%1B"],
)
def test_an_address_with_control_characters_leads_nowhere(teller_desk: Colleague, address: str) -> None:
    teller_desk.get(address)
    assert teller_desk.page.status_code == 404


@pytest.mark.parametrize("digits", [19, 30, 5_000])
def test_a_number_that_no_database_counts_to_is_nobodys(at_desk: AtDesk, digits: int) -> None:
    desk = at_desk(role=StaffRole.AUDITOR)
    for address in ("/staff/acts/", "/staff/audit/entries/"):
        desk.get(address + "9" * digits + "/" * (address != "/staff/acts/"))
        assert desk.page.status_code == 404, address


@pytest.mark.parametrize("last_day", ["9999-12-31", "0001-01-01"])
def test_a_day_at_either_end_of_all_calendars_is_refused(teller_desk: Colleague, fob: Fob, last_day: str) -> None:
    page = f"/staff/stock/{fob.id}/"
    teller_desk.get(page).press(f"{page}expiry", last_day=last_day)
    assert teller_desk.page.status_code == 200
    assert 'role="alert"' in teller_desk.page.text or "error-summary" in teller_desk.page.text


@pytest.mark.parametrize("after", ["0001-01-01T00:00:00%2B14:00/0", "9999-12-31T23:59:59-14:00/0", "2026-01-01/0"])
def test_a_place_in_a_list_that_is_none_begins_anew(teller_desk: Colleague, after: str) -> None:
    assert teller_desk.get(f"/staff/programming/?after={after}").page.status_code == 200


@pytest.mark.parametrize("query", ["/staff/search/?q=a%00b", "/staff/mails/?only=%00", "/staff/stock/?q=%00"])
def test_a_query_with_control_characters_finds_nothing(teller_desk: Colleague, query: str) -> None:
    teller_desk.get(query)
    assert teller_desk.page.status_code in {200, 404}


QUERIES = {
    StaffRole.TELLER: (
        "search/", "mails/", "stock/", "programming/", "ranges/", "transfers/", "papers/labels", "papers/slips",
        "customers/{customer}/end", "customers/{customer}/requests/new",
    ),
    StaffRole.AUDITOR: ("audit/", "audit/customers/{customer}/", "audit/fobs/{fob}/"),
}  # fmt: skip
NAMES = (
    "q", "only", "state", "serial", "after", "before", "token", "reason", "kind", "lowest", "highest", "profile",
    "fob", "batch", "who", "act", "customer", "first_day", "last_day",
)  # fmt: skip
HOSTILE = ("a\0b", b"\xed\xa0\x80/", "9" * 5_000, "9999-12-31", "%_\\' --\u202e\r\nX: y")


@pytest.mark.parametrize("role", QUERIES)
def test_no_query_breaks_a_page(
    at_desk: AtDesk, role: StaffRole, customer_a: Customer, fob: Fob, services: Services, clock: MovableClock
) -> None:
    give_token(services, customer_a, clock())
    desk = at_desk(role=role)
    for page in QUERIES[role]:
        address = "/staff/" + page.format(customer=customer_a.id, fob=fob.id)
        for value in HOSTILE:
            queries = [dict.fromkeys(NAMES, value)]
            queries += [{name: value} for name in ("fob", "batch")] * ("papers" in page)
            for query in queries:
                answer = desk.client.get(address, query_string=query, base_url=desk.base)
                assert answer.status_code in {200, 303, 404}, (address, query)
                assert "X: y" not in str(answer.headers)


def test_a_field_with_a_nul_is_refused(teller_desk: Colleague, customer_a: Customer) -> None:
    form = f"/staff/customers/{customer_a.id}/soft/"
    teller_desk.get(form)
    fields = teller_desk.form(form) | {"mail_address": "a\0@b.example", "mail_address_again": "a\0@b.example"}
    teller_desk.post(form, fields)
    assert teller_desk.page.status_code == 422
