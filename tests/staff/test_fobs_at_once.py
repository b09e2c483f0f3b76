"""Several fobs are written at once, and one table shows them all."""

from __future__ import annotations

from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import JobState
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
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


@sqlite_only
def test_every_fob_that_is_not_finished_can_be_reached_however_many_were_written_since(
    teller_desk: Colleague, services: Services, station_desk: Desk, clock: MovableClock,
) -> None:  # fmt: skip
    def begin(fob: Fob, user_id: str) -> None:
        customer = add_customer(services, user_id)
        reserve_fob(services, ReserveFobCommand("dual", customer.id, fob.id, SYSTEM), clock())

    waiting = [add_fob(services, f"KF10000{n:03}") for n in range(31)]
    for number, fob in enumerate(waiting):
        begin(fob, f"123456790{number:03}")
    tick(station_desk, clock)
    for number in range(30):
        done = add_fob(services, f"KF20000{number:03}")
        station_desk.plug(done)
        begin(done, f"123456791{number:03}")
    assert set(station_desk.work()) == {JobState.PROVED}

    teller_desk.get("/staff/programming/")
    assert teller_desk.says("進行中 31", "KF20000000")
    shown = {fob.serial for fob in waiting if fob.serial in teller_desk.text}
    (older,) = (link for link in teller_desk.links if "after=" in link)
    teller_desk.get(older)
    assert teller_desk.says("進行中 31", "新しいものから")
    shown_then = {fob.serial for fob in waiting if fob.serial in teller_desk.text}
    assert (len(shown), len(shown_then), len(shown | shown_then)) == (30, 1, 31)
    for nonsense in ("x", "2026-11-20/x", "2026-11-20T12:00:00+09:00"):
        assert teller_desk.get(f"/staff/programming/?after={nonsense}").page.status_code == 200
