"""What runs in the processes that get killed: the real server, and the real station agent with the rig's fobs."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event

from devices.agent import StationAgent
from devices.attach import Desk
from devices.contract import Poll, Work
from devices.links.serial import SerialBus
from devices.profile_files import load_profiles
from devices.profiles import FirmwareProfile, Timing
from devices.seed_box import Enrolment, SeedBox
from devices.server_client import ServerClient
from provisioning.cli.demo_server import serve_on
from provisioning.rules.roles import Role
from provisioning.store.engine import Store
from tests.faults.wounds import Act, Wound
from tests.fixtures.services import DUAL, assemble
from tests.rig.clock import RigClock
from tests.rig.drawer import Drawer
from tests.rig.wire.socket import SocketBus
from web.app import create_app

ROLES: Final = frozenset({Role.STATION, Role.VERIFIER})
POLL_S: Final = 0.02
_PATIENCE_S: Final = 10.0


def serve(directory: str, port: int, die_at_commit: int | None = None, *, before: bool = False) -> None:
    """The server on `port`. `die_at_commit`: SIGKILL to itself right after (or before) the so-many-th commit."""
    settings = pickle.loads((Path(directory) / "settings.pickle").read_bytes())
    store = Store(settings.store.url)
    if die_at_commit is not None:
        _die_at_commit(store, die_at_commit, before=before)
    app = create_app(assemble(settings, store, {DUAL.id: DUAL}), ROLES, lambda: datetime.now(UTC))
    with socket.create_server(("127.0.0.1", port)) as listener:
        serve_on(listener, app).serve_forever()


def _die_at_commit(store: Store, number: int, *, before: bool) -> None:
    """SQLAlchemy tells of a commit just before it; the next thing the connection does comes just after."""
    commits = 0

    def committing(_connection: Any) -> None:
        nonlocal commits
        commits += 1
        if before and commits == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def returned(_dbapi_connection: Any, _record: Any) -> None:
        if not before and commits >= number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(store.engine, "commit", committing)
    event.listen(store.engine, "checkin", returned)


def work(directory: str, serial: str, act: str | None = None, report: int = 0, pid: int = 0) -> None:
    """The station agent, with a wound at report `report` of the first job of the fob `serial`."""
    logging.basicConfig(level=logging.DEBUG)
    world = Path(directory)
    clock = RigClock(world / "rig")
    drawer = Drawer(world / "rig", clock, (), paced=False)
    enrolment = Enrolment.load(world / "station")
    buses = (SocketBus(drawer.hid_ports), SerialBus(drawer.cradles))
    desk = Desk(buses, patient_profiles(), drawer.roots, clock.unix_time)
    wound = Wound(drawer.port(serial), Act(act), report, pid or os.getpid()) if act else None
    if wound is not None:
        _hand(wound, world / "plug it in")
    server = _Arming(enrolment, clock.unix_time, wound, serial)
    agent = StationAgent(desk, server, SeedBox.of(enrolment))
    agent.run(threading.Event(), POLL_S)


def patient_profiles() -> tuple[FirmwareProfile, ...]:
    """The shipped ones, with time for every answer: a busy machine is none of the faults here."""
    return tuple(replace(profile, timing=_patient(profile.timing)) for profile in load_profiles())


def _patient(timing: Timing) -> Timing:
    return replace(
        timing,
        identify_timeout_s=_PATIENCE_S,
        open_timeout_s=_PATIENCE_S,
        operation_timeout_s=_PATIENCE_S,
        flash_timeout_s=_PATIENCE_S,
    )


def _hand(wound: Wound, wish: Path) -> None:
    """Somebody who plugs the fob in again as soon as the file `wish` is there."""

    def wait() -> None:
        tick = threading.Event()
        while not wish.exists():
            tick.wait(0.005)
        wound.port.plug()

    threading.Thread(target=wait, daemon=True).start()


class _Arming(ServerClient):
    """The product's client; the wound may open from the first job of its fob on."""

    def __init__(self, enrolment: Enrolment, clock: Callable[[], float], wound: Wound | None, serial: str) -> None:
        super().__init__(enrolment, clock)
        self._wound = wound
        self._serial = serial

    def poll(self, poll: Poll) -> Work:
        """Looks at devices before the first job do not count."""
        work = super().poll(poll)
        if self._wound is not None and any(job.serial == self._serial for job in work.jobs):
            self._wound.arm()
        return work


PARTS: Final[dict[str, Callable[..., None]]] = {"server": serve, "station": work}
