"""Several fobs are written at once, and one table shows them all."""

from __future__ import annotations

from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer, add_fob
from tests.fobs.desk import Desk
from tests.portal.conftest import MovableClock
from tests.staff.conftest import Colleague
from tests.staff.fob_steps import reserve, tick


@sqlite_only
def test_four_fobs_are_written_at_once_and_stand_in_one_table(
    teller_desk: Colleague, services: Services, station_desk: Desk, clock: MovableClock,
    customer_a: Customer, customer_b: Customer,
) -> None:  # fmt: skip
    people = [customer_a, customer_b, *(add_customer(services, f"12345678000{n}") for n in (3, 4))]
    fobs = [add_fob(services, f"KF000010{n}") for n in range(4)]
    for person, fob in zip(people, fobs, strict=True):
        station_desk.plug(fob)
        reserve(teller_desk, person, fob)
    tick(station_desk, clock)
    jobs = station_desk.poll()
    assert len(jobs) == 4
    teller_desk.get("/staff/programming/")
    assert teller_desk.says("書込み 4", *(fob.serial for fob in fobs), *(f"{person.name} 様" for person in people))
    assert teller_desk.text.count("書き込んでいます") == 4
    for job in jobs:
        station_desk.report(job.job_id, station_desk.write(job))
    teller_desk.get("/staff/programming/live")
    assert teller_desk.text.count("お客さまにお渡しください") == 4
