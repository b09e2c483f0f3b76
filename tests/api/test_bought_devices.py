"""Devices one can buy, at a counter over real HTTP: what they cannot hold is refused, the rest proved by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from werkzeug.serving import make_server

from devices.agent import StationAgent
from devices.seed_box import Enrolment, SeedBox
from devices.server_client import ServerClient, enrol
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.prove_typed_code import ProveTypedCodeCommand, prove_typed_code
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.rules.actor import SYSTEM
from provisioning.rules.parameters import OtpParameters
from provisioning.rules.roles import ALL_ROLES
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.queries import fobs, jobs, stations
from provisioning.store.queries.jobs import JobFilter, JobView
from provisioning.store.queries.next_step import NextStep
from provisioning.store.tables import Customer
from tests.api.bank import Bank, open_bank
from tests.api.conftest import Clock, Served
from tests.api.test_counter import until
from tests.devices.flippers import FlipperSubject
from tests.devices.onlykeys import OnlyKeySubject
from tests.devices.subject import Subject
from tests.devices.yubikey_otp.subject import HOTP, YubiKeySubject
from tests.fixtures.services import DUAL
from tests.fixtures.web_server import Quiet
from web.app import create_app

SIX_THIRTY = OtpParameters(digits=6, period_s=30)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Counter:
    """One station with one device, and the bank that issues it."""

    services: Services
    bank: Bank
    subject: Subject
    station_id: str

    def seen(self) -> bool:
        view = stations.station(self.services.store, "dual", self.station_id, now())
        return [(seen.profile, seen.problem) for seen in view.devices] == [(self.subject.profile_name, None)]

    def job(self) -> JobView:
        fob = fobs.fob_by_serial(self.services.store, "dual", self.subject.serial)
        return jobs.jobs(self.services.store, "dual", now(), JobFilter(fob_id=fob.id))[0]

    def state(self) -> FobState:
        return fobs.fob_by_serial(self.services.store, "dual", self.subject.serial).state


@contextmanager
def counter_with(subject: Subject, services: Services, customer: Customer, folder: Path) -> Iterator[Counter]:
    """Server and agent at work, the device in stock."""
    app = create_app(services, ALL_ROLES, now)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    url = f"http://127.0.0.1:{server.server_port}"
    enrol(url, invite_station(services, InviteStationCommand("dual", "本店", "窓口1", SYSTEM), now()).code, folder)
    enrolment = Enrolment.load(folder)
    client, stop = ServerClient(enrolment, time.time), threading.Event()
    agent = StationAgent(subject.desk, client, SeedBox.of(enrolment))
    working = threading.Thread(target=agent.run, args=(stop, 0.05), daemon=True)
    working.start()
    try:
        with httpx.Client(base_url=url, timeout=30) as http:
            bank = open_bank(Served(app, services, http, Clock(now())), customer.user_id)
            counter = Counter(services, bank, subject, enrolment.station_id)
            until(counter.seen, "the station sees the device")
            stock = TakeIntoStockCommand(
                "dual", enrolment.station_id, subject.profile_name, subject.serial, SYSTEM
            )
            take_into_stock(services, stock, now())
            yield counter
    finally:
        stop.set()
        working.join()
        client.close()
        server.shutdown()
        serving.join()
        server.server_close()


def wanting(services: Services, otp: OtpParameters) -> Services:
    """The same, for an institution with other codes."""
    return replace(services, institutions={"dual": replace(DUAL, otp=otp)})


@pytest.fixture
def onlykey() -> OnlyKeySubject:
    return OnlyKeySubject()


@pytest.fixture
def flipper() -> Iterator[FlipperSubject]:
    subject = FlipperSubject()
    yield subject
    subject.unplug()


def test_eight_digits_and_sixty_seconds_are_refused_with_the_reason_before_a_byte_is_written(
    services: Services, customer_a: Customer, onlykey: OnlyKeySubject, tmp_path: Path
) -> None:
    with counter_with(onlykey, services, customer_a, tmp_path / "station") as counter:
        status, answer = counter.bank.ask("/credentials", kind="hard", fob_serial=onlykey.serial)
        assert status == 409, answer
        assert answer["error"] == "cannot_hold"
        assert (answer["limit"], answer["asked"], answer["allowed"]) == ("digits", "8", "6")
        assert counter.bank.state()["state"] == "none"
        assert counter.state() is FobState.IN_STOCK
        assert onlykey.held() is None


def type_the_code(counter: Counter, code: Callable[[], str]) -> None:
    """Wait for the write; the teller types what the device shows or types."""
    until(lambda: counter.job().next_step is NextStep.TYPE_CODE, "the device is written")
    typed = ProveTypedCodeCommand("dual", counter.job().id, code(), SYSTEM)
    assert prove_typed_code(counter.services, typed, now()).proved
    assert counter.state() is FobState.HANDED_OVER
    assert counter.bank.decide("/activate", otp=code()) == ("accepted", None)
    assert counter.bank.state()["state"] == "active"


def test_six_digits_and_thirty_seconds_go_into_the_same_key_and_its_button_proves_them(
    services: Services, customer_a: Customer, onlykey: OnlyKeySubject, tmp_path: Path
) -> None:
    six_thirty = wanting(services, SIX_THIRTY)
    with counter_with(onlykey, six_thirty, customer_a, tmp_path / "station") as counter:
        status, answer = counter.bank.ask("/credentials", kind="hard", fob_serial=onlykey.serial)
        assert status == 201, answer
        type_the_code(counter, onlykey.code)


def test_a_key_types_its_codes_for_an_institution_whose_customers_install_nothing(
    services: Services, customer_a: Customer, tmp_path: Path
) -> None:
    key = YubiKeySubject(form=replace(HOTP, counter=0))
    typed = replace(services, institutions={"dual": replace(DUAL, typed_first=True)})
    with counter_with(key, typed, customer_a, tmp_path / "station") as counter:
        status, answer = counter.bank.ask("/credentials", kind="hard", fob_serial=key.serial)
        assert status == 201, answer
        type_the_code(counter, key.code)


def test_the_code_on_a_flippers_display_proves_it(
    services: Services, customer_a: Customer, flipper: FlipperSubject, tmp_path: Path
) -> None:
    with counter_with(flipper, services, customer_a, tmp_path / "station") as counter:
        status, answer = counter.bank.ask("/credentials", kind="hard", fob_serial=flipper.serial)
        assert status == 201, answer
        type_the_code(counter, flipper.code)


def test_a_locked_flipper_is_written_once_its_pin_is_entered(
    services: Services, customer_a: Customer, flipper: FlipperSubject, tmp_path: Path
) -> None:
    with counter_with(flipper, services, customer_a, tmp_path / "station") as counter:
        flipper.flipper.locked = True
        counter.bank.post("/credentials", kind="hard", fob_serial=flipper.serial)
        until(lambda: counter.job().next_step is NextStep.ENTER_PIN, "the teller is told of the PIN")
        flipper.flipper.enter_pin()
        type_the_code(counter, flipper.code)
