"""A counter as it stands in a branch: the real agent with emulated fobs before a real server, all on one clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from devices.agent import StationAgent
from devices.attach import Desk
from devices.links import Transport
from devices.links.serial import SerialBus
from devices.profile_files import load_profiles
from devices.seed_box import Enrolment, SeedBox
from devices.server_client import ServerClient, enrol
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.tables import Fob
from tests.portal.conftest import MovableClock
from tests.rig.clock import RigClock
from tests.rig.drawer import MODEL, PROFILE, Drawer, NewFob
from tests.rig.wire.socket import SocketBus

SERIALS = {
    "KF-000001": Transport.HID,
    "KF-000002": Transport.HID,
    "KF-000003": Transport.SERIAL,
    "KF-000004": Transport.SERIAL,
}
POLL_S = 0.2


class RigTime(MovableClock):
    """The rig's clock as tests of the web use it."""

    def __init__(self, clock: RigClock) -> None:
        super().__init__(clock.now())
        self.rig = clock

    def __call__(self) -> datetime:
        return self.rig.now()


@dataclass
class Counter:
    """The drawer of emulated fobs, and the rows of those fobs in stock."""

    drawer: Drawer
    fobs: dict[str, Fob]

    def display(self, serial: str) -> str:
        """What a fob shows."""
        return self.drawer.view_when_quiet(serial).display


@contextmanager
def open_counter(services: Services, base_url: str, time: RigTime, directory: Path) -> Iterator[Counter]:
    """Enrol a station over HTTP and let its agent run; four fobs are in stock, none is plugged in."""
    drawer = Drawer(directory / "rig", time.rig, [NewFob(*new) for new in SERIALS.items()])
    for serial in SERIALS:
        drawer.unplug(serial)
    invitation = invite_station(services, InviteStationCommand("dual", "本店", "本店-1", SYSTEM), time())
    enrol(base_url, invitation.code, directory / "station")
    enrolment = Enrolment.load(directory / "station")
    desk = Desk(
        (SocketBus(drawer.hid_ports), SerialBus(drawer.cradles)), load_profiles(), drawer.roots, time.rig.unix_time
    )
    stop = threading.Event()
    server = ServerClient(enrolment, desk.clock)
    agent = StationAgent(desk, server, SeedBox.of(enrolment))
    thread = threading.Thread(target=agent.run, args=(stop, POLL_S), daemon=True)
    thread.start()
    try:
        yield Counter(drawer, {serial: _stock(services, serial, time()) for serial in SERIALS})
    finally:
        stop.set()
        thread.join()
        server.close()
        drawer.close()


def _stock(services: Services, serial: str, now: datetime) -> Fob:
    fob = Fob(
        institution_id="dual",
        branch="本店",
        serial=serial,
        profile=PROFILE,
        numbering=PROFILE,
        model=MODEL,
        firmware="1.2.0",
        state=FobState.IN_STOCK,
        first_seen_at=now,
        changed_at=now,
    )
    with services.store.write() as tx:
        tx.add(fob)
    return fob
