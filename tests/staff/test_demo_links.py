"""A demonstration's links: reusable, on its own machine, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from provisioning.errors import BadInput, NotFound
from provisioning.jobs.add_staff import AddStaffCommand, add_staff
from provisioning.jobs.disable_staff import DisableStaffCommand, disable_staff
from provisioning.jobs.follow_demo_link import FollowDemoLinkCommand, follow_demo_link
from provisioning.jobs.make_demo_link import DEMO_PATH, MakeDemoLinkCommand, make_demo_link
from provisioning.rules.actor import SYSTEM
from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.settings import ServerSettings
from provisioning.store.tables import AuditEntry, Staff
from tests.fixtures.databases import sqlite_only

pytestmark = sqlite_only


def link_for(services: Services, staff_id: str, now: datetime) -> str:
    """The token of a fresh link."""
    return make_demo_link(services, MakeDemoLinkCommand(staff_id, SYSTEM), now).path.removeprefix(DEMO_PATH)


def follow(services: Services, token: str, now: datetime, *, on_loopback: bool = True) -> str:
    """Follow a link."""
    return follow_demo_link(services, FollowDemoLinkCommand(token, "127.0.0.1", on_loopback), now)


@pytest.fixture
def demo_services(services: Services) -> Services:
    """The same services, in a demonstration."""
    settings = replace(services.settings, server=ServerSettings(base_url="http://localhost", demo=True))
    return replace(services, settings=settings)


@pytest.fixture
def demo_teller(demo_services: Services, now: datetime) -> str:
    """A demo account's id."""
    command = AddStaffCommand("dual", "本店", "窓口 太郎", StaffRole.TELLER, SYSTEM, demo=True)
    return add_staff(demo_services, command, now)


def test_a_demo_link_is_reusable_on_this_machine_only(
    demo_services: Services, services: Services, demo_teller: str, now: datetime
) -> None:
    token = link_for(demo_services, demo_teller, now)
    for _ in range(2):
        assert follow(demo_services, token, now + timedelta(days=400)) == demo_teller
    with pytest.raises(NotFound):
        follow(demo_services, token, now, on_loopback=False)
    with pytest.raises(NotFound):
        follow(services, token, now)  # a production server with a demonstration's database
    with services.store.read() as session:
        results = session.scalars(select(AuditEntry.result).where(AuditEntry.act == "follow_demo_link")).all()
    assert list(results) == ["accepted", "accepted", "refused", "refused"]


def test_nobody_else_gets_such_a_link(
    demo_services: Services, services: Services, demo_teller: str, teller: Staff, now: datetime
) -> None:
    for these, staff_id in ((services, teller.id), (demo_services, teller.id), (services, demo_teller)):
        with pytest.raises(NotFound):
            link_for(these, staff_id, now)
    with pytest.raises(NotFound):
        follow(demo_services, "invented", now)


def test_disabled_demo_accounts_are_out(demo_services: Services, demo_teller: str, now: datetime) -> None:
    token = link_for(demo_services, demo_teller, now)
    disable_staff(demo_services, DisableStaffCommand("dual", demo_teller, SYSTEM), now)
    with pytest.raises(NotFound):
        follow(demo_services, token, now)


def test_production_has_no_demo_accounts(services: Services, now: datetime) -> None:
    command = AddStaffCommand("dual", "本店", "窓口 太郎", StaffRole.TELLER, SYSTEM, demo=True)
    with pytest.raises(BadInput) as refused:
        add_staff(services, command, now)
    assert refused.value.field == "demo"


def test_a_name_and_a_branch_are_needed(services: Services, now: datetime) -> None:
    for branch, name, field in (("本店", "  ", "name"), ("支店なし", "窓口", "branch"), ("本店", "a\nb", "name")):
        with pytest.raises(BadInput) as refused:
            add_staff(services, AddStaffCommand("dual", branch, name, StaffRole.TELLER, SYSTEM), now)
        assert refused.value.field == field


def test_the_link_shows_in_no_repr(demo_services: Services, demo_teller: str, now: datetime) -> None:
    link = make_demo_link(demo_services, MakeDemoLinkCommand(demo_teller, SYSTEM), now)
    token = link.path.removeprefix(DEMO_PATH)
    assert token not in repr(link)
    assert token not in repr(FollowDemoLinkCommand(token, "127.0.0.1", True))
