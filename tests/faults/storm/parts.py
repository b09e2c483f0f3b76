"""The processes of a storm: the product's own server, worker and agent, and a mail server to be broken."""

from __future__ import annotations

import asyncio
import os
import pickle
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from devices.agent import StationAgent
from devices.attach import Desk
from devices.links.serial import SerialBus
from devices.seed_box import Enrolment, SeedBox
from devices.server_client import ServerClient
from provisioning import logs
from provisioning.cli import wsgi
from provisioning.cli.chores import smtp_mailer, work
from provisioning.cli.compose import checkpoint_folder, seed_opener
from provisioning.clock import ClockGuard
from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.settings import LogLevel, Settings
from provisioning.store import engine, turns
from provisioning.store.checkpoints import CheckpointSigner
from provisioning.store.engine import Store
from provisioning.store.key_folder import KeyFolder
from tests.faults.parts import patient_profiles
from tests.faults.storm.institution import STORMY
from tests.fixtures.services import assemble
from tests.rig.clock import RigClock
from tests.rig.drawer import Drawer
from tests.rig.mail_catcher import Inbox
from tests.rig.wire.socket import SocketBus
from web.app import create_app

HSM: Final = "hsm"
AT_WORK: Final = "worker at work"
SETTINGS: Final = "settings.pickle"
UNSYNCHRONISED: Final = "clock follows nothing"
UNPLUGGED: Final = "unplugged"
MAIL_MANNER: Final = "manner of the mail server"
LOCK_WAIT_S: Final = 0.5
POLL_S: Final = 0.15


class MailManner(StrEnum):
    """How the mail server meets a mail."""

    TAKES = "takes"
    DEFERS = "defers"
    REFUSES = "refuses"
    HANGS = "hangs"
    TAKES_AND_LEAVES = "takes and leaves"


def server_clock(directory: Path) -> RigClock:
    """The server machine's own clock, which may be wrong; fobs, customers and station have the rig's."""
    return RigClock(directory / "server")


def services_of(directory: Path) -> Services:
    """As a process with all roles has them."""
    settings: Settings = pickle.loads((directory / SETTINGS).read_bytes())
    services = assemble(settings, Store(settings.store.url), {STORMY.id: STORMY})
    audit = settings.audit
    assert audit is not None
    assert audit.private_key is not None
    signer = CheckpointSigner(audit.origin, audit.key_id, Ed25519PrivateKey.from_private_bytes(audit.private_key))
    doubt = directory / UNSYNCHRONISED
    guard = ClockGuard(lambda: not doubt.exists())
    vault = settings.vault
    opener = seed_opener(vault, KeyFolder(vault.directory))
    return replace(
        services, opener=opener, clock=guard, checkpoints=checkpoint_folder(audit), checkpoint_signer=signer
    )


def serve(directory: str, port: int) -> None:
    """The server in production's form, two processes."""
    place = Path(directory)
    _begin(place)

    def load() -> Callable[..., Any]:
        return create_app(services_of(place), ALL_ROLES, server_clock(place).now)

    wsgi.serve_processes(load, ("127.0.0.1", port), workers=2, threads=4)


def chores(directory: str) -> None:
    """The worker. The file AT_WORK is as young as its last chore."""
    place = Path(directory)
    _begin(place)
    services, clock = services_of(place), server_clock(place)

    def now() -> datetime:
        (place / AT_WORK).touch()
        return clock.now()

    work(services, smtp_mailer(services.settings.mail), now, threading.Event())


def attend(directory: str) -> None:
    """The station's agent with the rig's fobs; those named in the file UNPLUGGED are out."""
    place = Path(directory)
    _begin(place)
    clock = RigClock(place / "rig")
    drawer = Drawer(place / "rig", clock, (), paced=False)
    enrolment = Enrolment.load(place / "station")
    threading.Thread(target=_plug, args=(drawer, place / UNPLUGGED), daemon=True).start()
    desk = Desk(
        (SocketBus(drawer.hid_ports), SerialBus(drawer.cradles)), patient_profiles(), drawer.roots, clock.unix_time
    )
    agent = StationAgent(desk, ServerClient(enrolment, clock.unix_time), SeedBox.of(enrolment))
    agent.run(threading.Event(), POLL_S)


def _plug(drawer: Drawer, wish: Path) -> None:
    tick, out = threading.Event(), frozenset[str]()
    while not tick.wait(0.01):
        wanted = frozenset(wish.read_text().split()) if wish.exists() else frozenset()
        for serial in wanted - out:
            drawer.port(serial).unplug()
        for serial in out - wanted:
            drawer.port(serial).plug()
        out = wanted


def take_mails(directory: str, port: int) -> None:
    """The mail server."""
    place = Path(directory)
    handler = _Moody(place / MAIL_MANNER, Inbox(place / "mails.sqlite"))
    Controller(handler, hostname="127.0.0.1", port=port, server_hostname="localhost").start()
    threading.Event().wait()


class _Moody:
    """aiosmtpd's handler: reads for each mail how it is to be met."""

    def __init__(self, manner: Path, inbox: Inbox) -> None:
        self._manner = manner
        self._inbox = inbox

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        manner = MailManner.TAKES
        with suppress(OSError, ValueError):
            manner = MailManner(self._manner.read_text())
        if manner is MailManner.HANGS:
            await asyncio.sleep(5)
        if manner in _REPLIES:
            return _REPLIES[manner]
        for recipient in envelope.rcpt_tos:
            data: Any = envelope.content or b""
            self._inbox.add(envelope.mail_from or "", recipient, bytes(data), datetime.now(UTC))
        if manner is MailManner.TAKES_AND_LEAVES and server.transport is not None:
            server.transport.close()
        return "250 kept"


_REPLIES: Final = {
    MailManner.DEFERS: "451 4.7.1 later",
    MailManner.REFUSES: "550 5.1.1 never",
    MailManner.HANGS: "451 4.4.2 too late",
}


def _begin(place: Path) -> None:
    os.environ["SOFTHSM2_CONF"] = str(place / HSM / "softhsm2.conf")
    logs.configure(LogLevel.WARNING)
    # waiting five seconds for a lock in each of hundreds of faults teaches nothing more
    for module in (engine, turns):
        setattr(module, "BUSY_TIMEOUT_S", LOCK_WAIT_S)  # noqa: B010 - a constant, everywhere else
    engine._POSTGRESQL["lock_timeout"] = int(LOCK_WAIT_S * 1000)


PARTS: Final[dict[str, Callable[..., None]]] = {
    "storm server": serve,
    "storm worker": chores,
    "storm station": attend,
    "storm mail": take_mails,
}
