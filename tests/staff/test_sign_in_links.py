"""Signing in by link: once within ten minutes, or reusable on the demonstration's own machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from provisioning.errors import BadInput, NotFound, WrongState
from provisioning.jobs.add_staff import AddStaffCommand, add_staff
from provisioning.jobs.disable_staff import DisableStaffCommand, disable_staff
from provisioning.jobs.make_sign_in_link import SIGN_IN_PATH, MakeSignInLinkCommand, make_sign_in_link
from provisioning.jobs.sign_in_staff import SignedInStaff, SignInStaffCommand, sign_in_staff
from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.settings import ServerSettings
from provisioning.store.audit import SYSTEM
from provisioning.store.queries.staff import LinkKind, sign_in_link_kind, staff_member
from provisioning.store.tables import AuditEntry, SessionKind, Staff, WebSession


def link_for(services: Services, staff_id: str, now: datetime) -> str:
    """The token of a fresh link."""
    link = make_sign_in_link(services, MakeSignInLinkCommand(staff_id, SYSTEM), now)
    return link.path.removeprefix(SIGN_IN_PATH)


def follow(services: Services, token: str, now: datetime, *, on_loopback: bool = True) -> SignedInStaff:
    """Follow a link."""
    return sign_in_staff(services, SignInStaffCommand(token, "127.0.0.1", on_loopback), now)


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


def test_a_link_opens_once(services: Services, teller: Staff, now: datetime) -> None:
    token = link_for(services, teller.id, now)
    assert sign_in_link_kind(services.store, token) is LinkKind.ONE_TIME
    assert follow(services, token, now) == SignedInStaff(teller.id, "dual")
    with pytest.raises(NotFound):
        follow(services, token, now)
    assert sign_in_link_kind(services.store, token) is None


def test_a_link_is_good_for_ten_minutes(services: Services, teller: Staff, now: datetime) -> None:
    token = link_for(services, teller.id, now)
    with pytest.raises(NotFound):
        follow(services, token, now + timedelta(minutes=10))
    late = link_for(services, teller.id, now)
    assert follow(services, late, now + timedelta(minutes=10, microseconds=-1)).staff_id == teller.id


def test_a_new_link_voids_the_old(services: Services, teller: Staff, now: datetime) -> None:
    old = link_for(services, teller.id, now)
    new = link_for(services, teller.id, now)
    with pytest.raises(NotFound):
        follow(services, old, now)
    assert follow(services, new, now).staff_id == teller.id


def test_a_refused_link_is_recorded(services: Services, teller: Staff, now: datetime) -> None:
    token = link_for(services, teller.id, now)
    with pytest.raises(NotFound):
        follow(services, token, now + timedelta(hours=1))
    with services.store.read() as session:
        results = session.scalars(select(AuditEntry.result).where(AuditEntry.act == "follow_sign_in_link")).all()
    assert list(results) == ["refused"]


def test_a_demo_link_is_reusable_on_this_machine_only(
    demo_services: Services, services: Services, demo_teller: str, now: datetime
) -> None:
    token = link_for(demo_services, demo_teller, now)
    assert sign_in_link_kind(services.store, token) is LinkKind.REUSABLE
    for _ in range(2):
        assert follow(demo_services, token, now + timedelta(days=400)).staff_id == demo_teller
    with pytest.raises(NotFound):
        follow(demo_services, token, now, on_loopback=False)
    with pytest.raises(NotFound):
        follow(services, token, now)  # a production server with a demonstration's database


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


def test_disabled_staff_lose_link_and_sessions(services: Services, teller: Staff, now: datetime) -> None:
    token = link_for(services, teller.id, now)
    with services.store.write() as tx:
        for kind, hash_byte in ((SessionKind.STAFF, b"s"), (SessionKind.CUSTOMER, b"c")):
            tx.add(
                WebSession(
                    id_hash=hash_byte * 32, kind=kind, subject_id=teller.id, created_at=now, last_seen_at=now
                )
            )
    disable_staff(services, DisableStaffCommand("dual", teller.id, SYSTEM), now)
    with pytest.raises(NotFound):
        follow(services, token, now)
    with pytest.raises(NotFound):
        link_for(services, teller.id, now)
    with services.store.read() as session:
        assert session.scalars(select(WebSession.kind)).all() == [SessionKind.CUSTOMER]
    assert not staff_member(services.store, teller.id).enabled
    with pytest.raises(WrongState):
        disable_staff(services, DisableStaffCommand("dual", teller.id, SYSTEM), now)


def test_staff_of_another_institution_cannot_be_disabled(services: Services, teller: Staff, now: datetime) -> None:
    with pytest.raises(NotFound):
        disable_staff(services, DisableStaffCommand("other", teller.id, SYSTEM), now)


def test_the_link_shows_in_no_repr(services: Services, teller: Staff, now: datetime) -> None:
    link = make_sign_in_link(services, MakeSignInLinkCommand(teller.id, SYSTEM), now)
    token = link.path.removeprefix(SIGN_IN_PATH)
    assert token not in repr(link)
    assert token not in repr(SignInStaffCommand(token, "127.0.0.1", True))
