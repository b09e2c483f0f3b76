"""A desk with one fob in the drawer, and a case with the fob reserved."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from devices.contract import JobResult
from provisioning.jobs.reserve_fob import ReservedFob
from provisioning.rules.actor import Actor
from provisioning.rules.states import JobState
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fobs.case import Case
from tests.fobs.desk import Desk, PlainFob, open_desk


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


@pytest.fixture
def unread(case: Case, reserved: ReservedFob) -> PlainFob:
    """The fob, written, with no code read back."""
    plain = case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    receipt = case.desk.write(job).receipt
    assert receipt is not None
    assert case.desk.report(job.job_id, JobResult(receipt=replace(receipt, code=""))) is JobState.WRITTEN
    return plain
