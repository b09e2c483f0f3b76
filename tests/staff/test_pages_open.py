"""Every page opens, in both languages, for whom it is; it is not there for others."""

from __future__ import annotations

import pytest

from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import TokenKind
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob, MailState, Station
from tests.fixtures.databases import sqlite_only
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague

pytestmark = sqlite_only

PLAIN = (
    "/staff/", "/staff/search/", "/staff/search/?q=nobody", "/staff/programming/", "/staff/programming/live",
    "/staff/batches/", "/staff/closings/", "/staff/ranges/", "/staff/transfers/", "/staff/stock/",
    "/staff/stock/?state=in_stock&serial=KF", "/staff/stations/", "/staff/stations/live", "/staff/mails/",
    "/staff/mails/?only=undelivered", "/staff/mails/?only=sent", "/staff/approvals/",
)  # fmt: skip


@pytest.mark.parametrize("language", ["ja", "en"])
def test_plain_pages_open(teller_desk: Colleague, fob: Fob, station: Station, language: str) -> None:
    teller_desk.client.set_cookie("kagiya-language", language, domain="localhost")
    for path in PLAIN:
        assert teller_desk.get(path).page.status_code == 200, path


def test_pages_about_something_open(
    teller_desk: Colleague, services: Services, customer_a: Customer, customer_b: Customer, fob: Fob,
    station: Station, clock: MovableClock,
) -> None:  # fmt: skip
    about = f"/staff/customers/{customer_a.id}"
    paths = ["/", "/issue/", "/soft/", "/hard/", "/hard/live"]
    for path in paths:
        assert teller_desk.get(about + path).page.status_code == 200, path
    credential = rows.add_credential(services, customer_b, TokenKind.SOFT, clock())
    mail = rows.add_mail(services, credential, MailState.FAILED, clock())
    for path in (
        f"/staff/customers/{customer_b.id}/",
        f"/staff/customers/{customer_b.id}/end",
        f"/staff/mails/{mail.id}/again",
        f"/staff/stock/{fob.id}/",
        f"/staff/stations/{station.id}/",
    ):
        assert teller_desk.get(path).page.status_code == 200, path


@pytest.mark.parametrize("role", list(StaffRole))
def test_every_role_has_a_first_page(at_desk: AtDesk, role: StaffRole) -> None:
    desk = at_desk(role=role)
    expected = "/staff/stations/" if role is StaffRole.ADMINISTRATOR else "/staff/"
    assert desk.path == expected
