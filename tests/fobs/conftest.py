"""A desk with one fob in the drawer, and a case with the fob reserved."""

from __future__ import annotations

from datetime import datetime

import pytest

from provisioning.jobs.reserve_fob import ReservedFob
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fobs.case import Case
from tests.fobs.desk import Desk, open_desk


@pytest.fixture
def desk(services: Services, now: datetime) -> Desk:
    """An enrolled station with nothing plugged in."""
    return open_desk(services, now)


@pytest.fixture
def case(services: Services, desk: Desk, fob: Fob, customer_a: Customer, teller_actor: Actor) -> Case:
    """Customer A, a fob in stock, the desk and the teller."""
    return Case(services, desk, fob, customer_a, teller_actor)


@pytest.fixture
def reserved(case: Case) -> ReservedFob:
    """The fob reserved for customer A by the teller."""
    return case.reserve()
