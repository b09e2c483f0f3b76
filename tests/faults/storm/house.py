"""A bank in a directory: database, people, fobs, a station, and the processes that serve them."""

from __future__ import annotations

import contextlib
import http.client
import os
import pickle
import select
import signal
import socket
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic, time
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from devices.links import Transport
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.rules.actor import SYSTEM
from provisioning.services import Services
from provisioning.settings import (
    AppSettings,
    AuditSettings,
    MailSettings,
    ServerSettings,
    Settings,
    StoreSettings,
)
from tests.faults.nursery import Child, Nursery
from tests.faults.storm.database import Database
from tests.faults.storm.institution import STORMY
from tests.faults.storm.lines import ProxiedLine
from tests.faults.storm.parts import AT_WORK, HSM, SETTINGS, server_clock, services_of
from tests.faults.storm.plan import CUSTOMERS
from tests.faults.world import enrol
from tests.fixtures.people import add_customer, add_fob
from tests.fixtures.ports import free_port
from tests.fixtures.services import ORIGIN, fresh_keys
from tests.fixtures.softhsm import SoftToken, make_token
from tests.fixtures.vaults import new_address_keys
from tests.rig.clock import RigClock
from tests.rig.drawer import PROFILE, Drawer, NewFob

FOBS: Final = ("KF-000201", "KF-000202", "KF-000203")
PROCESSES: Final = ("mail", "server", "worker", "station")
WITHIN_S: Final = 60.0
_JUST_NOW_S: Final = 0.6
_MAIL_TIMEOUT_S: Final = 0.7
_DATA_KEY_LIFE_S: Final = 0.5


def user_id(customer: int) -> str:
    """The user ID of a customer by number; the first few have the fobs."""
    return f"{770000000000 + customer:012d}"


@dataclass(frozen=True)
class Client:
    """One system of the bank's, by whose id the audit log tells one request from all others."""

    id: str
    key: str = field(repr=False)


@dataclass
class House:
    """The processes, and what acts beside them. `services` reads the books."""

    directory: Path
    database: Database
    nursery: Nursery
    hsm: SoftToken
    services: Services
    clients: list[Client]
    ports: dict[str, int]
    lines: dict[str, ProxiedLine] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def clock(self) -> RigClock:
        """The time of fobs and people."""
        return RigClock(self.directory / "rig")

    def open(self) -> None:
        """Start everything and wait until it works."""
        self.lines["bank"] = ProxiedLine(self.ports["bank"], self.ports["server"])
        self.lines["station"] = ProxiedLine(self.ports["station"], self.ports["server"])
        for part in PROCESSES:
            self.start(part)
        for part in PROCESSES:
            until(partial(self.works, part), f"the {part} works")

    def start(self, part: str) -> None:
        """Start it unless it runs."""
        with self._lock:
            running = self.children.get(part)
            if running is not None and not running.wait_dead(0):
                return
            if running is not None:
                running.close()
            args: dict[str, Any] = {"directory": str(self.directory)}
            if part in ("server", "mail"):
                args["port"] = self.ports[part]
            log = self.directory / f"{part}.log"
            self.children[part] = self.nursery.start(f"storm {part}", log, **args)

    def kill(self, part: str) -> None:
        """kill -9, the processes that it has forked included."""
        pids = self.pids(part)
        self.children[part].kill()
        for pid in pids[1:]:
            kill_process(pid)

    def pids(self, part: str) -> list[int]:
        """Of the part, and of what it has forked."""
        pid = self.children[part].pid
        return [pid, *children_of(pid)]

    def supervise(self) -> None:
        """Start again what has ended, as the system's own supervisor does."""
        for part in PROCESSES:
            self.start(part)

    def hsm_pids(self) -> list[int]:
        """Of the processes that ask the HSM for the server's."""
        return [pid for forked in self.pids("server")[1:] for pid in children_of(forked)]

    def works(self, part: str) -> bool:
        """The server is ready, the station was answered just now, the worker works, the mail server greets."""
        if part == "server":
            return len(self.pids("server")) > 2 and all(self._is_ready() for _ in range(3))
        if part == "station":
            return monotonic() - self.lines["station"].answered_s < _JUST_NOW_S
        if part == "worker":
            beat = self.directory / AT_WORK
            return beat.exists() and time() - beat.stat().st_mtime < _JUST_NOW_S
        return self._is_greeted()

    def end(self) -> None:
        """End every process but the database's."""
        for part in self.children:
            self.kill(part)
            self.children[part].close()
        for line in self.lines.values():
            line.close()
        self.children, self.lines = {}, {}

    def close(self) -> None:
        """End everything."""
        self.end()
        self.services.store.close()
        self.database.close()

    def _is_greeted(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.ports["mail"]), timeout=2) as line:
                return line.recv(3) == b"220"
        except OSError:
            return False

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["server"], timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def build(directory: Path, database: Database, nursery: Nursery, clients: int) -> House:
    """Everything that is there before the first request."""
    ports = {name: free_port() for name in ("server", "bank", "station", "mail")}
    directory.mkdir(parents=True, exist_ok=True)
    hsm = make_token(directory / HSM)
    (directory / SETTINGS).write_bytes(pickle.dumps(_settings(directory, database.url, hsm, ports["mail"])))
    fobs = [NewFob(serial, Transport.SERIAL if n % 3 == 2 else Transport.HID) for n, serial in enumerate(FOBS)]
    Drawer(directory / "rig", RigClock(directory / "rig"), fobs, paced=False).close()
    server_clock(directory)
    services = services_of(directory)
    for number in range(CUSTOMERS):
        add_customer(services, user_id(number), STORMY.id)
    for serial in FOBS:
        add_fob(services, serial, STORMY.id, PROFILE)
    enrol(services, STORMY.id, f"http://127.0.0.1:{ports['station']}").save(directory / "station")
    return House(directory, database, nursery, hsm, services, _clients(services, clients), ports)


def _settings(directory: Path, url: str, hsm: SoftToken, mail_port: int) -> Settings:
    signing = Ed25519PrivateKey.generate()
    public = signing.public_key().public_bytes_raw()
    (directory / "checkpoints").mkdir()
    return Settings(
        store=StoreSettings(url),
        # codes are to meet the HSM, not only data keys of minutes ago
        vault=replace(hsm.vault, data_key_life_s=_DATA_KEY_LIFE_S),
        keys=fresh_keys(new_address_keys(directory)),
        mail=MailSettings(port=mail_port, starttls=False, timeout_s=_MAIL_TIMEOUT_S),
        server=ServerSettings(base_url=ORIGIN),
        app=AppSettings(1000, ORIGIN, *(1_000_000,) * 3),
        audit=AuditSettings(
            "stormy.example/audit",
            directory / "checkpoints",
            "cp-1",
            {"cp-1": public},
            signing.private_bytes_raw(),
        ),
    )


def _clients(services: Services, count: int) -> list[Client]:
    command = AddBankClientCommand(STORMY.id, "host", SYSTEM, checks_confirmation=True)
    added = [add_bank_client(services, command, datetime.now(UTC)) for _ in range(count)]
    return [Client(one.client_id, one.key) for one in added]


def children_of(pid: int) -> list[int]:
    """What the process has forked and not buried."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def kill_process(pid: int) -> None:
    """kill -9, and wait for its end."""
    with contextlib.suppress(ProcessLookupError):
        ended = os.pidfd_open(pid)
        signal.pidfd_send_signal(ended, signal.SIGKILL)
        _await(ended)
        os.close(ended)


def _await(ended: int) -> None:
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    assert poll.poll(WITHIN_S * 1000), "a killed process did not end"


def until(true: Any, what: str, within_s: float = WITHIN_S) -> float:
    """Wait for something that other processes bring about; how long it took."""
    begun, tick = monotonic(), threading.Event()
    while not true():
        assert monotonic() - begun < within_s, f"this did not happen in time: {what}"
        tick.wait(0.01)
    return monotonic() - begun
