"""Two administrators see to one member of staff at the same moment (R53, R55)."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import func, select

from provisioning.errors import WrongState
from provisioning.jobs.disable_staff import DisableStaffCommand, disable_staff
from provisioning.jobs.invite_staff import InviteStaffCommand, invite_staff
from provisioning.jobs.staff_fallback import PrepareFallbackCommand, prepare_fallback
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.store.tables import Staff, StaffInvitation
from tests.fixtures.databases import postgresql_only
from tests.fixtures.staff_sessions import new_staff
from tests.fobs.test_two_at_once import at_once

# on SQLite one writes after the other anyway
pytestmark = postgresql_only


@pytest.fixture
def boss(services: Services, now: datetime) -> Actor:
    return Actor(ActorKind.STAFF, new_staff(services, now, StaffRole.ADMINISTRATOR), "dual", "本店")


def test_a_fallback_is_prepared_once_and_the_second_is_told_so(
    services: Services, teller: Staff, boss: Actor, now: datetime
) -> None:
    """And not that the user ID is somebody's, which it is not."""
    commands = [PrepareFallbackCommand(teller.id, f"99980000900{number}", boss) for number in range(3)]
    done, refused = at_once(*(partial(prepare_fallback, services, command, now) for command in commands))
    assert (len(done), refused) == (1, [WrongState("fallback", "prepared")] * 2)


def test_of_several_links_the_last_is_good(services: Services, teller: Staff, boss: Actor, now: datetime) -> None:
    invite = partial(invite_staff, services, InviteStaffCommand(teller.id, boss), now)
    done, refused = at_once(*[invite] * 3)
    assert (len(done), refused) == (3, [])
    with services.store.read() as session:
        assert session.scalar(select(func.count()).select_from(StaffInvitation)) == 1


def test_who_is_shut_out_twice_is_shut_out_once(
    services: Services, teller: Staff, boss: Actor, now: datetime
) -> None:
    disable = partial(disable_staff, services, DisableStaffCommand("dual", teller.id, boss), now)
    done, refused = at_once(*[disable] * 3)
    assert (done, refused) == ([None], [WrongState("staff", "disabled")] * 2)
