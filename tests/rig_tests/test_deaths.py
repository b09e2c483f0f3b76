"""For every report of a write: the cable out, kill -9 of the server, kill -9 of the agent.

Afterwards the customer is bound to exactly the seed that the fob holds, no seed of an attempt before is left,
and nobody had to mend anything: the fresh attempt came by itself (R27, R28, R29, R32).
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.agent import StationAgent
from devices.attach import Desk
from devices.contract import Work
from devices.links import Transport
from devices.links.serial import SerialBus
from devices.profile_files import load_profiles
from devices.seed_box import Enrolment, SeedBox
from devices.server_client import ServerClient
from provisioning.store.tables import Customer
from tests.rig.buses import RigHidBus
from tests.rig.clock import RigClock
from tests.rig.drawer import Drawer, NewFob
from tests.rig.faults import Faults
from tests.rig.fob.device import EmulatedFob
from tests.rig.killing import Killer, WatchedServer
from tests.rig_tests.counter import ROOT, Counter, until

HID_REPORTS = 28
SERIAL_FRAMES = 20
POLL_S = 0.05


class Desktop:
    """A station in this process: real agent, real HTTP, the rig's fobs."""

    def __init__(self, counter: Counter, directory: Path) -> None:
        self._directory = directory
        self._stop = threading.Event()
        self.counter = counter
        self.station_id = counter.enrol("test", directory / "station")
        self.clock = RigClock(directory)
        self.drawer = Drawer(directory, self.clock, self._fobs(), paced=False)
        enrolment = Enrolment.load(directory / "station")
        self._http = ServerClient(enrolment, time.time)
        self.server = WatchedServer(self._http, self._ignore)
        buses = (RigHidBus(self.drawer.hid_ports), SerialBus(self.drawer.cradles))
        desk = Desk(buses, load_profiles(), self.drawer.roots, time.time)
        self._agent = StationAgent(desk, self.server, SeedBox.of(enrolment))
        self._thread = threading.Thread(target=self._agent.run, args=(self._stop, POLL_S))
        self._thread.start()

    @staticmethod
    def _fobs() -> list[NewFob]:
        hid = [NewFob(f"{name}-{k}", Transport.HID) for k in range(1, HID_REPORTS + 1) for name in ("CH", "SH")]
        return hid + [NewFob(f"CS-{k}", Transport.SERIAL) for k in range(1, SERIAL_FRAMES + 1)]

    @staticmethod
    def _ignore(_work: Work) -> None:
        """Nothing is to happen."""

    def close(self) -> None:
        """End the station."""
        self._stop.set()
        self._thread.join()
        self._http.close()
        self.drawer.close()


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    counter = Counter(tmp_path_factory.mktemp("counter") / "server")
    yield counter
    counter.close()


@pytest.fixture(scope="module")
def desktop(counter: Counter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    desktop = Desktop(counter, tmp_path_factory.mktemp("desktop"))
    yield desktop
    desktop.close()


@pytest.fixture(scope="module")
def station(counter: Counter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a station whose agents are processes of their own."""
    directory = tmp_path_factory.mktemp("station")
    directory.chmod(0o700)
    counter.enrol("agent", directory)
    return directory


def _user_id(kind: int, report: int) -> str:
    return f"55550000{kind}{report:03}"


def _check(counter: Counter, customer: Customer, fob: EmulatedFob) -> None:
    held = fob.parts.flash.record.credential
    assert held is not None
    fob.lose_host()
    counter.check(customer, held.seed, fob.display().text)


def _pull_the_cable(desktop: Desktop, serial: str, report: int, user_id: str) -> None:
    counter, port = desktop.counter, desktop.drawer.port(serial)
    fob_id = counter.stock(desktop.station_id, serial)

    def cut(_work: Work) -> None:
        port.fob.faults = Faults(cut_after_report=report)
        desktop.server.on_work = lambda _work: None

    desktop.server.on_work = cut
    customer = counter.reserve(fob_id, user_id)
    until(lambda: not port.plugged, "the cut")
    port.plug()
    until(lambda: counter.is_set_up(customer), "a token")
    _check(counter, customer, port.fob)


@pytest.mark.parametrize("report", range(1, HID_REPORTS + 1))
def test_the_cable_out_of_a_hid_fob(desktop: Desktop, report: int) -> None:
    _pull_the_cable(desktop, f"CH-{report}", report, _user_id(1, report))


@pytest.mark.parametrize("frame", range(1, SERIAL_FRAMES + 1))
def test_the_cable_out_of_a_cradle(desktop: Desktop, frame: int) -> None:
    _pull_the_cable(desktop, f"CS-{frame}", frame, _user_id(2, frame))


@pytest.mark.parametrize("report", range(1, HID_REPORTS + 1))
def test_the_server_killed(desktop: Desktop, report: int) -> None:
    serial, counter = f"SH-{report}", desktop.counter
    fob_id = counter.stock(desktop.station_id, serial)
    killer = Killer(counter.server.pid, report)
    killer.watch(desktop.drawer)
    desktop.server.on_work = killer.arm
    customer = counter.reserve(fob_id, _user_id(3, report))
    until(counter.server_is_dead, "the server's death")
    desktop.server.on_work = lambda _work: None
    counter.restart_server()
    until(lambda: counter.is_set_up(customer), "a token")
    _check(counter, customer, desktop.drawer.port(serial).fob)


@pytest.mark.parametrize("report", range(1, HID_REPORTS + 1))
def test_the_agent_killed(counter: Counter, station: Path, tmp_path: Path, report: int) -> None:
    serial = f"AH-{report}"
    Drawer(tmp_path, RigClock(tmp_path), [NewFob(serial, Transport.HID)]).close()
    first = _station(station, tmp_path, "--kill-at-report", str(report))
    fob_id = counter.stock(Enrolment.load(station).station_id, serial)
    customer = counter.reserve(fob_id, _user_id(4, report))
    assert first.wait(timeout=30) == -signal.SIGKILL
    assert not counter.is_set_up(customer)
    second = _station(station, tmp_path)
    until(lambda: counter.is_set_up(customer), "a token")
    second.terminate()
    assert second.wait(timeout=30) == 0
    _check(counter, customer, EmulatedFob.from_directory(tmp_path / "fobs" / serial, time.time))


def _station(enrolment: Path, rig_dir: Path, *options: str) -> subprocess.Popen[bytes]:
    rig = ("--data", str(rig_dir), "--unpaced", "--poll-s", str(POLL_S))
    command = [sys.executable, "-m", "tests.rig", "station", *rig, "--enrolment", str(enrolment)]
    return subprocess.Popen([*command, *options], cwd=ROOT)
