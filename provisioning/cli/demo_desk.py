"""The demonstration's desks: the real station agent over loopback HTTP, with the rig's fobs in its sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from devices.agent import StationAgent
from devices.attach import Desk
from devices.errors import DeviceError, NotEnrolled
from devices.seed_box import Enrolment, SeedBox
from devices.server_client import ServerClient, enrol
from provisioning.cli.compose import OPERATOR
from provisioning.cli.demo_people import BRANCH, INSTITUTION, WHERE_TWO_ISSUE
from provisioning.errors import AlreadyTaken, NotFound, WrongState
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.services import Services

POLL_S: Final = 0.5
_STOCK_WITHIN_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class DemoDesk:
    """A station of `institution`, which keeps its keys in a folder of that name."""

    institution: str
    folder: str
    name: str = "本店 窓口端末 1"


MAIN_DESK: Final = DemoDesk(INSTITUTION, "station")
OTHER_DESK: Final = DemoDesk(WHERE_TWO_ISSUE, "station-of-two")
"""Where a fob takes two people."""


@dataclass(eq=False)
class FobsMissing(DeviceError):
    """The station did not see the fobs with these `serials` in time."""

    serials: str


def enrol_desk(
    services: Services, own: DemoDesk, data: Path, base_url: str, clock: Callable[[], datetime]
) -> Enrolment:
    """The station that enrolled here before, or a new one, enrolled over HTTP. Raises ServerFailed."""
    directory = data / own.folder
    try:
        enrolment = Enrolment.load(directory)
    except NotEnrolled:
        invitation = InviteStationCommand(own.institution, BRANCH, own.name, OPERATOR)
        enrol(base_url, invite_station(services, invitation, clock()).code, directory)
        return Enrolment.load(directory)
    if enrolment.server_url != base_url:  # the demonstration may come back on another port
        enrolment = replace(enrolment, server_url=base_url)
        enrolment.save(directory)
    return enrolment


def run_desk(enrolment: Enrolment, desk: Desk, stop: threading.Event) -> None:
    """Work as the station until `stop` is set."""
    server = ServerClient(enrolment, desk.clock)
    try:
        StationAgent(desk, server, SeedBox.of(enrolment)).run(stop, POLL_S)
    finally:
        server.close()


def stock_fobs(
    services: Services,
    own: DemoDesk,
    station_id: str,
    fobs: Iterable[tuple[str, str]],
    clock: Callable[[], datetime],
) -> None:
    """Take fobs (profile, serial) into stock as soon as the station sees them; what is known is left alone.

    Raises FobsMissing when one does not show up within 20 s.
    """
    until_s = time.monotonic() + _STOCK_WITHIN_S
    missing = list(fobs)
    while missing := [fob for fob in missing if not _stock(services, own, station_id, fob, clock())]:
        if time.monotonic() > until_s:
            raise FobsMissing(", ".join(serial for _, serial in missing))
        time.sleep(0.05)


def _stock(services: Services, own: DemoDesk, station_id: str, fob: tuple[str, str], now: datetime) -> bool:
    profile, serial = fob
    command = TakeIntoStockCommand(own.institution, station_id, profile, serial, OPERATOR)
    try:
        take_into_stock(services, command, now)
    except AlreadyTaken:
        return True
    except (NotFound, WrongState):
        return False
    return True
