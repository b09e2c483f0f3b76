"""A company and its users are entered: one master, the master first; only where the institution has companies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from provisioning.errors import AlreadyTaken, BadInput, InputFault, NotFound, WrongState
from provisioning.jobs.add_company import AddCompanyCommand, add_company
from provisioning.jobs.add_customer import AddCustomerCommand, add_customer
from provisioning.rules.actor import SYSTEM
from provisioning.rules.company import CompanyRole
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Company, Customer
from tests.company.conftest import ADMINISTRATOR, GENERAL, MASTER, Staffed

COMPANY = AddCompanyCommand("corporate", "株式会社見本商事", SYSTEM)


def user(company_id: str | None, role: CompanyRole | None, user_id: str = "MIHON0001") -> AddCustomerCommand:
    """Somebody whose login ID is their user ID."""
    return AddCustomerCommand(
        "corporate",
        "本店",
        user_id,
        user_id,
        "商事 まさる",
        "Master-2026",
        "Kakunin41",
        SYSTEM,
        company_id=company_id,
        company_role=role,
    )


def test_a_company_with_its_people(services: Services, now: datetime) -> None:
    company_id = add_company(services, COMPANY, now)
    roles = {MASTER: 1, ADMINISTRATOR: 3, GENERAL: 2}
    people = [role for role, count in roles.items() for _ in range(count)]
    for n, role in enumerate(people):
        add_customer(services, user(company_id, role, f"MIHON{n}"), now)
    with services.store.read() as tx:
        assert tx.get_one(Company, company_id).name == "株式会社見本商事"
        entered = tx.scalars(select(Customer.company_role).where(Customer.company_id == company_id)).all()
        facts = tx.scalars(select(AuditEntry.facts).where(AuditEntry.act == "add_customer")).first()
    assert sorted(role for role in entered if role) == sorted(people)
    assert facts == {"company_id": company_id, "role": "master"}


def test_nobody_comes_before_the_master(services: Services, now: datetime) -> None:
    company_id = add_company(services, COMPANY, now)
    for role in (ADMINISTRATOR, GENERAL):
        with pytest.raises(WrongState):
            add_customer(services, user(company_id, role), now)
    add_customer(services, user(company_id, MASTER), now)
    add_customer(services, user(company_id, GENERAL, "MIHON0002"), now)


def test_a_company_has_one_master_whoever_enters_two_at_once(services: Services, now: datetime) -> None:
    company_id = add_company(services, COMPANY, now)

    def enter(n: int) -> str:
        try:
            return add_customer(services, user(company_id, MASTER, f"MIHON{n}"), now)
        except AlreadyTaken:
            return ""

    with ThreadPoolExecutor(4) as pool:
        entered = list(pool.map(enter, range(4)))
    assert len([one for one in entered if one]) == 1


@pytest.mark.parametrize(
    ("role", "field"), [(None, "company_role"), (MASTER, "company_id")], ids=["no role", "no company"]
)
def test_an_institution_with_companies_asks_for_company_and_role(
    services: Services, now: datetime, role: CompanyRole | None, field: str
) -> None:
    company_id = add_company(services, COMPANY, now) if role is None else None
    with pytest.raises(BadInput) as caught:
        add_customer(services, user(company_id, role), now)
    assert (caught.value.field, caught.value.fault) == (field, InputFault.MISSING)


def test_an_institution_without_companies_refuses_them(services: Services, now: datetime) -> None:
    with pytest.raises(BadInput) as caught:
        add_company(services, replace(COMPANY, institution_id="dual"), now)
    assert (caught.value.field, caught.value.fault) == ("company", InputFault.NOT_OFFERED)
    company_id = add_company(services, COMPANY, now)
    for change in ({"company_id": company_id}, {"company_role": GENERAL}):
        plain = replace(user(None, None, "123456780001"), institution_id="dual", branch="本店")
        with pytest.raises(BadInput) as refused:
            add_customer(services, replace(plain, **change), now)
        assert refused.value.fault is InputFault.NOT_OFFERED


def test_a_company_of_nobody_is_not_found(services: Services, now: datetime) -> None:
    with services.store.write() as tx:
        foreign = Company(institution_id="another", name="例題工業", created_at=now)
        tx.add(foreign)
    for company_id in ("0" * 32, foreign.id):
        with pytest.raises(NotFound):
            add_customer(services, user(company_id, MASTER), now)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": " "}, InputFault.MISSING),
        ({"name": "商" * 101}, InputFault.WRONG_LENGTH),
        ({"name_kana": "ア" * 101}, InputFault.WRONG_LENGTH),
        ({"name": "見本\n商事"}, InputFault.BAD_FORM),
    ],
)
def test_a_name_that_cannot_be_used(
    services: Services, now: datetime, change: dict[str, Any], fault: InputFault
) -> None:
    with pytest.raises(BadInput) as caught:
        add_company(services, replace(COMPANY, **change), now)
    assert (caught.value.field, caught.value.fault) == ("name", fault)


def test_the_database_itself_keeps_master_and_role(company: Staffed, services: Services) -> None:
    for values in (
        {"company_role": MASTER},
        {"company_role": None},
        {"company_id": None},
        {"company_id": "0" * 32},
    ):
        change = update(Customer).where(Customer.id == company.general.id).values(**values)
        with services.store.write() as tx, pytest.raises(IntegrityError):
            tx.execute(change)
