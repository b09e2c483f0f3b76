"""A manager at work, without pages."""

from __future__ import annotations

from datetime import datetime

from provisioning.jobs.manage_users import ManageUsersCommand, ManageUsersResult, manage_users
from provisioning.rules.company import CompanyAct
from provisioning.store.tables import Customer
from tests.company.conftest import INSTITUTION, House, Staffed
from tests.fixtures.people import CONFIRMATION_PASSWORD, customer_actor


def do(
    company: House | Staffed,
    act: CompanyAct,
    by: Customer,
    *ids: str,
    now: datetime,
    password: str = CONFIRMATION_PASSWORD,
) -> ManageUsersResult:
    """`by` does it from their own page."""
    command = ManageUsersCommand(INSTITUTION, by.id, act, ids, password, customer_actor(by))
    house = company.house if isinstance(company, Staffed) else company
    return manage_users(house.services, command, now)
