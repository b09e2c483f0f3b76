"""After a revocation by an administrator: to the second, over midnight and year end, told by the clock (R36)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.errors import TooEarly
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.company import CompanyAct
from provisioning.rules.states import TokenKind
from provisioning.rules.timetable import JST
from provisioning.rules.verdict import Reason
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.company.conftest import GENERAL, INSTITUTION, MASTER, House, found_company
from tests.company.managing import do
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD
from tests.portal.conftest import MovableClock, SignIn

pytestmark = sqlite_only

SECOND = timedelta(seconds=1)
# revoked, may again, and the clock time told: the first whole minute at which nobody is too early
WAITS = [
    ("2026-11-20 20:49:59", "2026-11-20 21:09:59", "2026年11月20日 21:10"),
    ("2026-11-20 20:50:00", "2026-11-21 08:10:00", "2026年11月21日 08:10"),
    ("2026-11-20 23:59:59", "2026-11-21 08:10:00", "2026年11月21日 08:10"),
    ("2026-11-21 00:00:00", "2026-11-21 08:10:00", "2026年11月21日 08:10"),
    ("2026-11-21 08:09:59", "2026-11-21 08:10:00", "2026年11月21日 08:10"),
    ("2026-11-21 08:10:00", "2026-11-21 08:30:00", "2026年11月21日 08:30"),
    ("2026-12-31 20:50:00", "2027-01-01 08:10:00", "2027年1月1日 08:10"),
    ("2026-12-31 20:49:59", "2026-12-31 21:09:59", "2026年12月31日 21:10"),
    ("2028-02-28 20:50:00", "2028-02-29 08:10:00", "2028年2月29日 08:10"),
    ("2028-02-29 20:50:00", "2028-03-01 08:10:00", "2028年3月1日 08:10"),
]


def japan(text: str) -> datetime:
    """A clock in Japan, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=JST).astimezone(UTC)


@pytest.fixture
def pair(services: Services) -> tuple[House, Customer, Customer]:
    """A company of two: the master, and a general user."""
    house = found_company(services)
    return house, house.add(MASTER, "MIHON0001"), house.add(GENERAL, "MIHON0002")


@pytest.mark.parametrize(("revoked", "may", "told"), WAITS)
def test_login_and_a_new_token_wait_to_the_second(
    pair: tuple[House, Customer, Customer],
    services: Services,
    sign_in: SignIn,
    clock: MovableClock,
    revoked: str,
    may: str,
    told: str,
) -> None:
    house, master, user = pair
    clock.now = japan(revoked)
    house.equip(user, now=clock.now)
    result = do(house, CompanyAct.REVOKE, master, house.token(user), now=clock.now)
    assert [one.may_log_in_from for one in result.users] == [japan(may)]
    for clock.now in (japan(revoked), japan(may) - SECOND):
        assert f"{told} からログインいただけます。" in sign_in(user).text
        code = VerifyCommand(INSTITUTION, user.user_id, house.tokens[user.id].code(clock.now), SYSTEM)
        assert verify(services, code, clock.now).reason is Reason.WAITING
        with pytest.raises(TooEarly) as early, services.store.write() as tx:
            open_credential(tx, services, user, TokenKind.SOFT, clock.now, SYSTEM)
        assert early.value.until == japan(may)
    clock.now = japan(may)
    assert "/portal/sign-in" not in sign_in(user).path
    with services.store.write() as tx:
        open_credential(tx, services, user, TokenKind.SOFT, clock.now, SYSTEM)


@pytest.mark.parametrize(("revoked", "may", "told"), [WAITS[0], WAITS[1]])
def test_the_manager_is_told_the_same_clock_time(
    pair: tuple[House, Customer, Customer],
    sign_in: SignIn,
    clock: MovableClock,
    revoked: str,
    may: str,
    told: str,
) -> None:
    house, master, user = pair
    clock.now = japan(revoked)
    house.equip(user, now=clock.now)
    browser = sign_in(master).get("/company/users/revoke/")
    assert f"いま失効すると、{told} からです。" in browser.text
    browser.submit("/company/users/revoke/", users=house.token(user), confirmation_password=CONFIRMATION_PASSWORD)
    assert f"ログインとトークン発行は {told} から" in browser.text
