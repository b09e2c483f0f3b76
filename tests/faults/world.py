"""A counter in a directory: database, station, two fobs reserved for two customers; copied for every fault."""

from __future__ import annotations

import pickle
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final

from devices.links import Transport
from devices.seed_box import Enrolment, StationKeys
from provisioning.jobs.enrol_station import EnrolStationCommand, enrol_station
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.settings import Settings, StoreSettings
from provisioning.store.engine import Store
from provisioning.store.tables import Customer, Fob
from tests.faults.nursery import Child, Nursery
from tests.fixtures.people import quick_hash
from tests.fixtures.ports import free_port
from tests.fixtures.services import DUAL, assemble, fresh_keys
from tests.fixtures.vaults import new_address_keys, new_vault
from tests.rig.clock import RigClock
from tests.rig.drawer import FIRMWARE, MODEL, PROFILE, Drawer, NewFob

HID, SERIAL = "KF-000123", "KF-000125"
FOBS: Final = {HID: Transport.HID, SERIAL: Transport.SERIAL}
USERS: Final = {HID: "123456780001", SERIAL: "123456780002"}
LIMIT_S: Final = 60.0


def prepare(directory: Path, database_url: str) -> None:
    """Fill a migrated database and `directory` with a counter at which both fobs were just reserved."""
    settings = _settings(directory, database_url)
    (directory / "settings.pickle").write_bytes(pickle.dumps(settings))
    Drawer(
        directory / "rig",
        RigClock(directory / "rig"),
        [NewFob(serial, transport) for serial, transport in FOBS.items()],
        paced=False,
    ).close()
    store = Store(database_url)
    services = assemble(settings, store, {DUAL.id: DUAL})
    enrol(services).save(directory / "station")
    for serial in FOBS:
        _reserve(services, serial)
    store.close()


def _settings(directory: Path, database_url: str) -> Settings:
    return Settings(
        store=StoreSettings(database_url),
        vault=new_vault(directory),
        keys=fresh_keys(new_address_keys(directory)),
    )


def enrol(services: Services, institution_id: str = DUAL.id, server_url: str = "http://127.0.0.1:1") -> Enrolment:
    """A station of 本店 with fresh keys."""
    now, keys = datetime.now(UTC), StationKeys.generate()
    invitation = invite_station(services, InviteStationCommand(institution_id, "本店", "窓口1", SYSTEM), now)
    public = (key.public_key().public_bytes_raw().hex() for key in (keys.signing, keys.sealing))
    enrolled = enrol_station(services, EnrolStationCommand(invitation.code, *public), now)
    return Enrolment.of(enrolled, server_url, keys)


def _reserve(services: Services, serial: str) -> None:
    now = datetime.now(UTC)
    user_id = USERS[serial]
    customer = Customer(
        institution_id=DUAL.id,
        branch="本店",
        login_id=user_id,
        user_id=user_id,
        name=user_id,
        password_hash=quick_hash("Sakura2026"),
        confirmation_hash=quick_hash("Kakunin99"),
        created_at=now,
    )
    fob = Fob(
        institution_id=DUAL.id,
        branch="本店",
        serial=serial,
        profile=PROFILE,
        numbering=PROFILE,
        model=MODEL,
        firmware=".".join(map(str, FIRMWARE)),
        state=FobState.IN_STOCK,
        first_seen_at=now,
        changed_at=now,
    )
    with services.store.write() as tx:
        tx.add_all((customer, fob))
    reserve_fob(services, ReserveFobCommand(DUAL.id, customer.id, fob.id, SYSTEM), now)


@dataclass
class World:
    """One copy, with the processes that run on it. `services` acts beside them, as a teller's page would."""

    directory: Path
    nursery: Nursery
    services: Services
    port: int
    children: list[Child] = field(default_factory=list)

    def serve(self, **wound: Any) -> Child:
        """Start the server and wait until it answers."""
        server = self._start("server", port=self.port, **wound)
        until(lambda: server.wait_dead(0) or _answers(self.port), "the server answers")
        if server.wait_dead(0) and not wound:
            raise AssertionError((self.directory / "server.log").read_text())
        return server

    def work(self, serial: str = HID, **wound: Any) -> Child:
        """Start the station."""
        return self._start("station", serial=serial, **wound)

    def plug(self) -> None:
        """Somebody puts the fob in again."""
        (self.directory / "plug it in").touch()

    def close(self) -> None:
        """End every process."""
        for child in self.children:
            child.close()
        self.services.store.close()

    def _start(self, part: str, **args: Any) -> Child:
        child = self.nursery.start(part, self.directory / f"{part}.log", directory=str(self.directory), **args)
        self.children.append(child)
        return child


@contextmanager
def copied_world(template: Path, directory: Path, nursery: Nursery, database_url: str) -> Iterator[World]:
    """A copy of `template` over the database at `database_url`, which is a copy too."""
    shutil.copytree(template, directory, dirs_exist_ok=True)
    settings: Settings = pickle.loads((directory / "settings.pickle").read_bytes())
    settings = replace(settings, store=StoreSettings(database_url))
    (directory / "settings.pickle").write_bytes(pickle.dumps(settings))
    port = free_port()
    enrolment = Enrolment.load(directory / "station")
    replace(enrolment, server_url=f"http://127.0.0.1:{port}").save(directory / "station")
    services = assemble(settings, Store(database_url), {DUAL.id: DUAL})
    world = World(directory, nursery, services, port)
    try:
        yield world
    finally:
        world.close()


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that other processes bring about, a minute at most."""
    deadline, tick = monotonic() + LIMIT_S, threading.Event()
    while not true():
        assert monotonic() < deadline, f"this did not happen in time: {what}"
        tick.wait(0.01)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
