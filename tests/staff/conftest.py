"""The console over real services, and people who sit at it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from provisioning.rules.permissions import StaffRole
from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.store.tables import Staff
from tests.fixtures.soft_authenticator import SoftAuthenticator, give_passkey
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down
from tests.fobs.desk import Desk, open_desk
from tests.portal.conftest import MovableClock
from tests.portal.visitor import Visitor
from web import catalogues
from web.app import create_app


@pytest.fixture(scope="session", autouse=True)
def _english() -> None:
    catalogues.compile_all()


@pytest.fixture
def clock() -> MovableClock:
    """2026-11-20 12:00:00 in Japan until moved."""
    return MovableClock()


@pytest.fixture
def app(services: Services, clock: MovableClock) -> Flask:
    """Every role in one process."""
    return create_app(services, ALL_ROLES, clock)


class Colleague(Visitor):
    """A browser at the console."""

    def get(self, path: str) -> Colleague:
        """Open a page."""
        super().get(path)
        return self

    def press(self, action: str, **typed: str) -> Colleague:
        """Send the form that goes to `action` as it stands, with what is typed or pressed."""
        self.submit(action, **typed)
        return self

    def says(self, *sentences: str) -> bool:
        """All of these stand on the page."""
        return all(sentence in self.text for sentence in sentences)


AtDesk = Callable[..., Colleague]


@pytest.fixture
def at_desk(app: Flask, services: Services, clock: MovableClock) -> AtDesk:
    """A browser in which a new member of staff is signed in; names role, branch, institution as `new_staff`."""

    def go(**who: object) -> Colleague:
        staff_id = new_staff(services, clock(), **who)  # type: ignore[arg-type]
        browser = Colleague(app)
        sit_down(browser, session_of(services, staff_id, clock()))
        assert browser.page.status_code == 200
        return browser

    return go


@pytest.fixture
def teller_desk(at_desk: AtDesk) -> Colleague:
    """A teller of `dual`, 本店, signed in."""
    return at_desk()


@pytest.fixture
def station_desk(services: Services, clock: MovableClock) -> Desk:
    """An enrolled station with nothing plugged in."""
    return open_desk(services, clock())


@pytest.fixture
def key(services: Services, teller: Staff, clock: MovableClock) -> SoftAuthenticator:
    """The teller's security key."""
    return give_passkey(services, teller.id, clock())


@pytest.fixture
def colleague(services: Services, clock: MovableClock) -> Staff:
    """An approver at the teller's branch."""
    staff = Staff(
        institution_id="dual", branch="本店", name="役席 月子", role=StaffRole.APPROVER, created_at=clock()
    )
    with services.store.write() as tx:
        tx.add(staff)
    return staff
