"""A counter over real HTTP: bank API, server, the real station agent, and fobs that show codes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import httpx
import pytest
from serial import Serial, SerialException
from werkzeug.serving import make_server

from devices.agent import StationAgent
from devices.attach import Desk
from devices.links import Transport
from devices.links.serial import SerialBus
from devices.profile_files import load_profiles
from devices.seed_box import Enrolment, SeedBox
from devices.server_client import ServerClient, enrol
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.fob_acts import FobCommand
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.take_back import take_back
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.rules.actor import SYSTEM
from provisioning.rules.roles import ALL_ROLES
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.queries import fobs, jobs, stations
from provisioning.store.queries.fobs import FobView
from provisioning.store.queries.jobs import JobFilter, JobView
from provisioning.store.queries.next_step import NextStep
from provisioning.store.tables import Customer
from tests.api.bank import Bank, open_bank
from tests.api.conftest import Clock, Served
from tests.fixtures.people import CONFIRMATION_PASSWORD
from tests.fixtures.web_server import Quiet
from tests.rig.drawer import PROFILE, NewFob
from tests.rig.faults import Faults
from tests.rig.rig import Rig
from tests.rig.wire.serial_port import SerialPort
from web.app import create_app

HID, SERIAL = "KF-000123", "KF-000125"


@dataclass
class Counter:
    """Everything at one counter. The rig's clock is everybody's."""

    rig: Rig
    services: Services
    bank: Bank
    station_id: str

    def display(self, serial: str) -> str:
        """What a fob shows."""
        return self.rig.drawer.view(serial).display

    def fob(self, serial: str) -> FobView:
        """What the books say of it."""
        return fobs.fob_by_serial(self.services.store, "dual", serial)

    def wait_for(self, serial: str, state: FobState) -> None:
        """Until station and server have brought it there."""
        until(lambda: self.fob(serial).state is state, f"{serial} {state}")

    def page(self, serial: str) -> JobView:
        """Its newest job as the teller sees it."""
        wanted = JobFilter(fob_id=self.fob(serial).id)
        return jobs.jobs(self.services.store, "dual", self.rig.clock.now(), wanted)[0]

    def next_step(self, serial: str) -> NextStep:
        """What the teller is shown for it."""
        return self.page(serial).next_step

    def seen(self) -> set[str]:
        """Serials that the station reports as usable."""
        view = stations.station(self.services.store, "dual", self.station_id, self.rig.clock.now())
        return {device.serial for device in view.devices if device.problem is None}

    def issue(self, serial: str) -> str:
        """The bank issues a fob; the credential's id."""
        answer = self.bank.post("/credentials", kind="hard", fob_serial=serial)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["credential_id"])


def until(true: Callable[[], bool], what: str, limit_s: float = 30.0) -> None:
    """Wait for something that other threads bring about."""
    deadline, tick = monotonic() + limit_s, threading.Event()
    while not true():
        assert monotonic() < deadline, f"this did not happen in time: {what}"
        tick.wait(0.01)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """One fob over HID, one in a serial cradle, on wires that take no time."""
    new = [NewFob(HID, Transport.HID), NewFob(SERIAL, Transport.SERIAL)]
    with Rig(tmp_path / "rig", new, paced=False) as rig:
        yield rig


@pytest.fixture
def counter(services: Services, rig: Rig, customer_a: Customer, tmp_path: Path) -> Iterator[Counter]:
    """Server and agent at work, both fobs in stock."""
    app = create_app(services, ALL_ROLES, rig.clock.now)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    url = f"http://127.0.0.1:{server.server_port}"
    invitation = InviteStationCommand("dual", "本店", "窓口1", SYSTEM)
    enrol(url, invite_station(services, invitation, rig.clock.now()).code, tmp_path / "station")
    enrolment = Enrolment.load(tmp_path / "station")
    buses = (rig.hid_bus, SerialBus(rig.drawer.cradles))
    desk = Desk(buses, load_profiles(), rig.drawer.roots, rig.clock.unix_time)
    client, stop = ServerClient(enrolment, rig.clock.unix_time), threading.Event()
    agent = StationAgent(desk, client, SeedBox.of(enrolment))
    working = threading.Thread(target=agent.run, args=(stop, 0.05), daemon=True)
    working.start()
    with httpx.Client(base_url=url, timeout=30) as http:
        served = Served(app, services, http, Clock(rig.clock.now()))
        counter = Counter(rig, services, open_bank(served, customer_a.user_id), enrolment.station_id)
        until(lambda: counter.seen() == {HID, SERIAL}, "the station sees both fobs")
        for serial in (HID, SERIAL):
            stock = TakeIntoStockCommand("dual", enrolment.station_id, PROFILE, serial, SYSTEM)
            take_into_stock(services, stock, rig.clock.now())
        yield counter
    stop.set()
    working.join()
    client.close()
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.parametrize("serial", [HID, SERIAL])
def test_a_fob_from_the_drawer_to_the_next_customer(counter: Counter, serial: str) -> None:
    rig, bank = counter.rig, counter.bank
    first = counter.issue(serial)
    counter.wait_for(serial, FobState.HANDED_OVER)
    assert counter.next_step(serial) is NextStep.LET_ACTIVATE
    assert bank.decide("/activate", otp=counter.display(serial)) == ("accepted", None)
    assert bank.decide("/verify", otp=counter.display(serial)) == ("refused", "used")
    rig.clock.advance(60)
    assert bank.decide("/verify", otp=counter.display(serial)) == ("accepted", None)

    rig.clock.advance(60)
    released = bank.decide("/release", otp=counter.display(serial), confirmation_password=CONFIRMATION_PASSWORD)
    assert released == ("accepted", None)
    rig.clock.advance(60)
    assert bank.decide("/verify", otp=counter.display(serial))[0] == "refused"
    command = FobCommand("dual", counter.fob(serial).id, SYSTEM)
    take_back(counter.services, command, rig.clock.now())
    erase_fob(counter.services, command, rig.clock.now())
    counter.wait_for(serial, FobState.IN_STOCK)
    assert counter.display(serial) == ""

    assert bank.post("/credentials", kind="hard", fob_serial=serial).json()["error"] == "too_early"
    rig.clock.advance(86_400)
    until(lambda: serial in counter.seen(), "the station is heard after the clock moved")
    assert counter.issue(serial) != first
    counter.wait_for(serial, FobState.HANDED_OVER)
    assert bank.decide("/activate", otp=counter.display(serial)) == ("accepted", None)
    assert bank.state()["state"] == "active"


@pytest.mark.parametrize("serial", [HID, SERIAL])
def test_unplugged_between_reservation_and_write(counter: Counter, serial: str) -> None:
    counter.rig.drawer.unplug(serial)
    until(lambda: serial not in counter.seen(), "the station sees that it is gone")
    counter.issue(serial)
    assert counter.next_step(serial) is NextStep.PLUG_IN
    counter.rig.drawer.plug(serial)
    counter.wait_for(serial, FobState.HANDED_OVER)
    assert counter.bank.decide("/activate", otp=counter.display(serial)) == ("accepted", None)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Faults(firmware=(99, 0, 0)), "unsupported_firmware"),
        (Faults(not_genuine=True), "not_genuine"),
        (Faults(battery_percent=3), "low_battery"),
        (Faults(mute=True), "timeout"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fob_that_must_not_be_written_gets_no_seed(counter: Counter, fault: Faults, code: str) -> None:
    drawer = counter.rig.drawer
    drawer.unplug(HID)
    until(lambda: HID not in counter.seen(), "it is gone")
    counter.issue(HID)
    drawer.port(HID).fob.faults = fault
    drawer.plug(HID)
    until(lambda: counter.next_step(HID) is NextStep.MEND_DEVICE, "the teller is told")
    assert counter.page(HID).next_facts["code"] == code
    drawer.port(HID).fob.faults = Faults()
    assert (counter.display(HID), counter.bank.state()["state"]) == ("", "issued")
    drawer.unplug(HID)
    drawer.plug(HID)
    counter.wait_for(HID, FobState.HANDED_OVER)


def another_program(node: Path) -> Serial:
    """Something else that asked for the port alone, as soon as the station was out of it."""
    opened: list[Serial] = []

    def is_open() -> bool:
        with suppress(SerialException):
            opened.append(Serial(str(node), exclusive=True))
        return bool(opened)

    until(is_open, "the port is free for a moment")
    return opened[0]


def test_a_serial_port_that_another_program_holds_is_told_and_waited_for(counter: Counter) -> None:
    cradle = counter.rig.drawer.port(SERIAL)
    assert isinstance(cradle, SerialPort)
    with another_program(cradle.node):
        until(lambda: SERIAL not in counter.seen(), "the station cannot open the port")
        counter.issue(SERIAL)
        until(lambda: counter.next_step(SERIAL) is NextStep.MEND_DEVICE, "the teller is told")
        assert counter.page(SERIAL).next_facts["code"] == "busy"
        assert counter.bank.state()["state"] == "issued"
    counter.wait_for(SERIAL, FobState.HANDED_OVER)
    assert counter.bank.decide("/activate", otp=counter.display(SERIAL)) == ("accepted", None)


def test_a_second_fob_of_one_serial_stops_the_write_until_it_is_gone(counter: Counter) -> None:
    drawer = counter.rig.drawer
    for serial in (HID, SERIAL):
        drawer.unplug(serial)
    until(lambda: not counter.seen(), "both are gone")
    counter.issue(HID)
    drawer.port(SERIAL).fob.faults = Faults(serial=HID)
    for serial in (SERIAL, HID):
        drawer.plug(serial)
    # until the second one was asked, the first stands alone before the station; either is right
    until(
        lambda: counter.next_step(HID) in {NextStep.REMOVE_DOUBLE, NextStep.MEND_DEVICE, NextStep.LET_ACTIVATE},
        "the teller is told",
    )
    drawer.unplug(SERIAL)
    counter.wait_for(HID, FobState.HANDED_OVER)
    assert counter.bank.decide("/activate", otp=counter.display(HID)) == ("accepted", None)
