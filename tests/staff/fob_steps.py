"""Steps on the way of a fob over the counter."""

from __future__ import annotations

from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fobs.desk import Desk, PlainFob
from tests.portal.conftest import MovableClock
from tests.staff.conftest import Colleague


def at(customer: Customer) -> str:
    """The page where a fob is chosen."""
    return f"/staff/customers/{customer.id}/hard/"


def plug(desk: Desk, fob: Fob) -> PlainFob:
    """Plug the fob in; the station tells."""
    plain = desk.plug(fob)
    desk.poll()
    return plain


def fob_state(services: Services, fob: Fob) -> FobState:
    """Where the fob is."""
    with services.store.read() as session:
        return session.get_one(Fob, fob.id).state


def tick(desk: Desk, clock: MovableClock) -> None:
    """A second passes for server and station."""
    clock.advance(seconds=1)
    desk.now = clock()


def leaves_what_is_typed(desk: Colleague) -> bool:
    """Without JavaScript this page is loaded again when asked, and not by itself while somebody types into it."""
    return 'http-equiv="refresh"' not in desk.page.text and desk.says("画面を更新する")


def reserve(desk: Colleague, customer: Customer, fob: Fob) -> str:
    """The teller reserves the fob; the job's page."""
    desk.get(at(customer))
    desk.press(at(customer), serial=fob.serial)
    assert desk.path.startswith("/staff/programming/")
    return desk.path
