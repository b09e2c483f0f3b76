"""A company of the shipped institution `corporate`: its master, administrators and general users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from flask import Flask

from provisioning.institutions import load_institutions
from provisioning.jobs.add_company import AddCompanyCommand, add_company
from provisioning.rules.actor import SYSTEM
from provisioning.rules.company import CompanyRole
from provisioning.rules.institution import Institution
from provisioning.rules.roles import Role
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from tests.fixtures.people import NOON, PASSWORD, add_customer
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import Visitor
from web import catalogues
from web.app import create_app

INSTITUTION = "corporate"
MASTER, ADMINISTRATOR, GENERAL = CompanyRole


@pytest.fixture(scope="session")
def corporate() -> Institution:
    """The profile after manual 004."""
    return load_institutions()[INSTITUTION]


@pytest.fixture
def institutions(corporate: Institution) -> Mapping[str, Institution]:
    """An institution with companies, one without."""
    return {corporate.id: corporate, DUAL.id: DUAL}


@dataclass
class House:
    """A company with whoever was entered into it."""

    services: Services
    id: str
    tokens: dict[str, Token] = field(default_factory=dict)

    def add(self, role: CompanyRole, user_id: str) -> Customer:
        """Another user; their login ID is made from the last four signs of the user ID."""
        user = add_customer(self.services, user_id, INSTITUTION)
        with self.services.store.write() as tx:
            row = tx.get_one(Customer, user.id)
            row.company_id, row.company_role = self.id, role
        return row

    def equip(self, *users: Customer, now: datetime = NOON) -> None:
        """Give each a token in use."""
        self.tokens |= {user.id: give_token(self.services, user, now) for user in users}

    def suspend(self, *users: Customer, now: datetime = NOON) -> None:
        """As after too many wrong codes."""
        with self.services.store.write() as tx:
            for user in users:
                credential = tx.get_one(Credential, self.tokens[user.id].credential_id)
                credential.resume_state, credential.state = credential.state, CredentialState.SUSPENDED
                credential.suspended_at, credential.failures = now, 5

    def state(self, user: Customer) -> CredentialState:
        """Of the token that was given."""
        return read_credential(self.services, self.tokens[user.id]).state

    def token(self, user: Customer) -> str:
        """The credential's ID."""
        return self.tokens[user.id].credential_id


def found_company(services: Services, name: str = "株式会社見本商事", kana: str = "ミホンショウジ") -> House:
    """A company without users."""
    return House(services, add_company(services, AddCompanyCommand(INSTITUTION, name, SYSTEM, kana), NOON))


@dataclass
class Staffed:
    """A company with everybody the manual speaks of, each with a token in use."""

    house: House
    master: Customer
    first: Customer
    second: Customer
    general: Customer
    other_general: Customer

    @property
    def everybody(self) -> tuple[Customer, ...]:
        """The master first."""
        return (self.master, self.first, self.second, self.general, self.other_general)


@pytest.fixture
def company(services: Services) -> Staffed:
    """Master, two administrators, two general users."""
    house = found_company(services)
    roles = (MASTER, ADMINISTRATOR, ADMINISTRATOR, GENERAL, GENERAL)
    staffed = Staffed(house, *(house.add(role, f"MIHON000{n}") for n, role in enumerate(roles, 1)))
    house.equip(*staffed.everybody)
    return staffed


@pytest.fixture
def elsewhere(services: Services) -> Staffed:
    """Another company of the same institution."""
    house = found_company(services, "例題工業株式会社", "レイダイコウギョウ")
    roles = (MASTER, ADMINISTRATOR, ADMINISTRATOR, GENERAL, GENERAL)
    staffed = Staffed(house, *(house.add(role, f"REIDAI100{n}") for n, role in enumerate(roles, 1)))
    house.equip(*staffed.everybody)
    return staffed


@pytest.fixture(scope="session", autouse=True)
def _english() -> None:
    catalogues.compile_all()


@pytest.fixture
def clock() -> MovableClock:
    """2026-11-20 12:00:00 in Japan until moved."""
    return MovableClock()


@pytest.fixture
def app(services: Services, clock: MovableClock) -> Flask:
    """Portal and console in one process."""
    return create_app(services, {Role.CUSTOMER, Role.STAFF}, clock)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """A browser nobody signed in with."""
    return Visitor(app)


@pytest.fixture
def sign_in(app: Flask) -> SignIn:
    """A browser in which a user gave the login password, and the code where `code` is given."""

    def go(user: Customer, code: str | None = None) -> Visitor:
        browser = Visitor(app).get(f"/portal/sign-in/{user.institution_id}")
        browser.submit(browser.path, login_id=user.login_id, password=PASSWORD)
        if code is not None:
            browser.submit("/portal/sign-in-code", otp=code)
        return browser

    return go


@pytest.fixture
def enter(sign_in: SignIn, company: Staffed, clock: MovableClock) -> SignIn:
    """A browser in which a user of the company signed in with password and code."""

    def go(user: Customer) -> Visitor:
        clock.advance(minutes=1)  # each code once
        return sign_in(user, company.house.tokens[user.id].code(clock()))

    return go
