"""An operator enters customers and the bank's systems; each entry is checked and told in the audit log."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from provisioning.cli.compose import OPERATOR
from provisioning.errors import AlreadyTaken, BadInput, InputFault, NotFound
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.jobs.add_customer import AddCustomerCommand, add_customer
from provisioning.jobs.passwords import CheckLoginCommand, check_login
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, BankClient, Customer

CUSTOMER = AddCustomerCommand(
    institution_id="dual",
    branch="本店",
    login_id="hanako",
    user_id="123456789012",
    name="見本 花子",
    password="Sakura-2026",
    confirmation_password="Kakunin99",
    actor=OPERATOR,
)


def test_a_customer_can_log_in_and_no_password_is_stored(services: Services, now: datetime) -> None:
    customer_id = add_customer(services, CUSTOMER, now)
    entered = check_login(services, CheckLoginCommand("dual", "hanako", "Sakura-2026", OPERATOR), now)
    assert (entered.outcome, entered.customer_id) == (Outcome.ACCEPTED, customer_id)
    with services.store.read() as tx:
        row = tx.get_one(Customer, customer_id)
        acts = tx.scalars(select(AuditEntry.act).where(AuditEntry.customer_id == customer_id)).all()
    assert row.password_hash.startswith("$argon2id$")
    assert row.confirmation_hash.startswith("$argon2id$")
    assert "add_customer" in acts


@pytest.mark.parametrize(
    ("change", "field", "fault"),
    [
        ({"branch": "月面支店"}, "branch", InputFault.NOT_OFFERED),
        ({"user_id": "12345"}, "user_id", InputFault.BAD_FORM),
        ({"login_id": " "}, "login_id", InputFault.MISSING),
        ({"login_id": "ｈａｎａｋｏ"}, "login_id", InputFault.BAD_FORM),
        ({"name": " "}, "name", InputFault.MISSING),
        ({"name": "あ" * 101}, "name", InputFault.WRONG_LENGTH),
        ({"password": "short"}, "password", InputFault.WRONG_LENGTH),
        ({"confirmation_password": "かくにん99"}, "confirmation_password", InputFault.BAD_FORM),
        ({"confirmation_password": "abcde"}, "confirmation_password", InputFault.BAD_FORM),
    ],
)
def test_bad_input_is_named(
    services: Services, now: datetime, change: dict[str, Any], field: str, fault: InputFault
) -> None:
    with pytest.raises(BadInput) as caught:
        add_customer(services, replace(CUSTOMER, **change), now)
    assert (caught.value.field, caught.value.fault) == (field, fault)
    with services.store.read() as tx:
        assert tx.scalars(select(Customer)).all() == []


@pytest.mark.parametrize("change", [{"login_id": "taro"}, {"user_id": "999900001111"}])
def test_an_id_is_given_once(services: Services, now: datetime, change: dict[str, Any]) -> None:
    add_customer(services, CUSTOMER, now)
    with pytest.raises(AlreadyTaken):
        add_customer(services, replace(CUSTOMER, **change), now)


def test_of_a_banks_system_only_the_hash_of_its_key_is_kept(services: Services, now: datetime) -> None:
    added = add_bank_client(
        services, AddBankClientCommand("dual", "勘定系", OPERATOR, checks_confirmation=True), now
    )
    assert added.key not in repr(added)
    with services.store.read() as tx:
        row = tx.get_one(BankClient, added.client_id)
    assert row.key_hash == hashlib.sha256(added.key.encode()).digest()
    assert row.institution_id == "dual"
    assert row.checks_confirmation


def test_a_banks_system_has_a_name_and_an_institution(services: Services, now: datetime) -> None:
    with pytest.raises(BadInput):
        add_bank_client(services, AddBankClientCommand("dual", " ", OPERATOR), now)
    with pytest.raises(NotFound):
        add_bank_client(services, AddBankClientCommand("nowhere", "勘定系", OPERATOR), now)
