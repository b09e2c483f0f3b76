"""A mail address is masked everywhere, and shown in full only to whoever says why (R66)."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select, text, update

from provisioning.errors import BadInput, NotFound, StoreUnavailable, WrongState
from provisioning.jobs.show_address import ShowAddressCommand, show_address
from provisioning.rules.actor import Actor
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import TokenKind
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Customer, MailState, OutboxMail
from tests.fixtures.databases import sqlite_only
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague

MASKED = "***@"


@pytest.fixture
def mail(services: Services, customer_a: Customer, now: datetime) -> OutboxMail:
    """To an address of customer A."""
    credential = rows.add_credential(services, customer_a, TokenKind.SOFT, now)
    return rows.add_mail(services, credential, MailState.SENT, now)


def shown(services: Services) -> list[AuditEntry]:
    with services.store.read() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.act == "show_address")))


@sqlite_only
def test_it_is_shown_once_to_whoever_says_why(
    services: Services, teller_desk: Colleague, mail: OutboxMail, customer_a: Customer
) -> None:
    assert services.addresses is not None
    address = services.addresses.open(mail)
    page = f"/staff/mails/{mail.id}/address"
    teller_desk.get(f"/staff/customers/{customer_a.id}/")
    assert address not in teller_desk.page.text
    assert page in teller_desk.links
    assert teller_desk.get(page).says("表示する理由")
    assert address not in teller_desk.page.text
    teller_desk.press(page, reason="customer_asks")
    assert teller_desk.says(address, "理由とともに記録されました")
    assert address not in teller_desk.get(page).page.text
    (entry,) = shown(services)
    assert (entry.customer_id, entry.branch, entry.facts["reason"]) == (customer_a.id, "本店", "customer_asks")
    assert address not in str(entry.facts)


@sqlite_only
def test_without_a_reason_nothing_is_shown(services: Services, teller_desk: Colleague, mail: OutboxMail) -> None:
    page = f"/staff/mails/{mail.id}/address"
    token = teller_desk.get(page).form(page)["csrf_token"]
    for fields in ({"reason": "curious"}, {}):
        teller_desk.post(page, {"csrf_token": token} | fields)
        assert MASKED in teller_desk.page.text
    assert teller_desk.says("理由を選んでください。")
    assert shown(services) == []


@sqlite_only
def test_who_may_not_and_who_sits_elsewhere(at_desk: AtDesk, mail: OutboxMail) -> None:
    page = f"/staff/mails/{mail.id}/address"
    for role in (StaffRole.AUDITOR, StaffRole.ADMINISTRATOR):
        assert at_desk(role=role).get(page).page.status_code == 403
    for where in ({"branch": "駅前支店"}, {"institution_id": "other"}):
        assert at_desk(**where).get(page).page.status_code == 404


@sqlite_only
def test_what_cannot_be_written_down_is_not_shown(
    services: Services, mail: OutboxMail, teller_actor: Actor, now: datetime
) -> None:
    command = ShowAddressCommand("dual", mail.id, "inquiry", teller_actor)
    assert "@" in show_address(services, command, now)
    with services.store.write_connection() as connection:
        connection.execute(text("ALTER TABLE audit_entry RENAME TO elsewhere"))
    with pytest.raises(StoreUnavailable):
        show_address(services, command, now)


def test_an_erased_address_is_gone(
    services: Services, mail: OutboxMail, teller_actor: Actor, now: datetime
) -> None:
    with services.store.write() as tx:
        tx.execute(update(OutboxMail).values(sealed_address=b""))
    with pytest.raises(WrongState):
        show_address(services, ShowAddressCommand("dual", mail.id, "inquiry", teller_actor), now)
    with pytest.raises(NotFound):
        show_address(services, ShowAddressCommand("other", mail.id, "inquiry", teller_actor), now)
    with pytest.raises(BadInput):
        show_address(services, ShowAddressCommand("dual", mail.id, "", teller_actor), now)
    assert shown(services) == []
