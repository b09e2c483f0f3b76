"""What the bank's systems read about customers by name or address leaves an entry in the same call (R64)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlalchemy import delete, select

from provisioning.jobs.add_company import AddCompanyCommand, add_company
from provisioning.jobs.take_paper import TakePaperCommand, take_paper
from provisioning.rules.actor import SYSTEM
from provisioning.rules.address_use import AddressUse
from provisioning.rules.company import CompanyRole
from provisioning.rules.institution import Institution
from provisioning.services import Services
from provisioning.store.address_box import address_columns
from provisioning.store.tables import AuditEntry, Customer, CustomerAddress
from tests.api.bank import Bank, open_bank
from tests.api.conftest import Served
from tests.api.planted import WITH_EVERYTHING
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer
from tests.fixtures.services import OTHER
from tests.fixtures.tokens import give_token
from web.api.bank.fields import GET
from web.api.bank.operations import OPERATIONS

pytestmark = sqlite_only
USERS = ("123456780001", "123456780002")
NAME, DOMAIN, NOTE = "金糸雀 花子", "canary.example", "金糸雀のメモ"


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    return {"dual": WITH_EVERYTHING, "other": OTHER}


@pytest.fixture
def canary(served: Served) -> Bank:
    """The bank, calling about a manager of whom everything bears a canary's name."""
    services, at = served.services, served.at
    people = [add_customer(services, user) for user in USERS]
    give_token(services, people[0], at)
    company_id = add_company(services, AddCompanyCommand("dual", "株式会社鳥", SYSTEM), at)
    assert services.addresses is not None
    address = f"hanako@{DOMAIN}"
    with services.store.write() as tx:
        for person, role in zip(people, (CompanyRole.MASTER, CompanyRole.GENERAL), strict=True):
            row = tx.get_one(Customer, person.id)
            row.name, row.company_id, row.company_role = NAME, company_id, role
        tx.add(
            CustomerAddress(
                institution_id="dual", customer_id=people[0].id, use=AddressUse.NOTICES, language="ja",
                **address_columns(services.addresses.seal(address, "dual")), stored_at=at, confirmed_at=at,
            )
        )  # fmt: skip
    kind, check = WITH_EVERYTHING.papers[0].value, "photo_id"
    take_paper(services, TakePaperCommand("dual", people[0].id, kind, "W-1", check, SYSTEM, NOTE), at)
    return open_bank(served, USERS[0])


def views(services: Services) -> list[tuple[str, str, set[str]]]:
    with services.store.read() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.act == "view")).all()
        names = dict(session.execute(select(Customer.id, Customer.user_id)).all())
        return [
            (row.actor_kind, row.facts["place"], {names[one] for one in row.facts.get("shown", [row.customer_id])})
            for row in rows
        ]


def test_every_reading_that_tells_of_a_person_leaves_an_entry(canary: Bank) -> None:
    services, telling = canary.served.services, set()
    for name, operation in OPERATIONS.items():
        if operation.method != GET:
            continue
        with services.store.write() as tx:
            tx.execute(delete(AuditEntry).where(AuditEntry.act == "view"))
        answer = canary.send(operation)
        assert answer.status_code == 200, name
        if any(word in answer.json().__repr__() for word in (NAME, DOMAIN, NOTE)):
            telling.add(name)
            ((kind, place, shown),) = views(services)
            assert (kind, place) == ("bank", name)
            assert shown == (set(USERS) if name == "company" else {USERS[0]})
        else:
            assert views(services) == [], f"{name} tells nothing that the caller did not"
    assert telling == {"company", "addresses", "papers"}
