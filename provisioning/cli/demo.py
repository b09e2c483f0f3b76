"""`kagiya demo`: everything in one process, with emulated fobs, a mail catcher and a clock that can be moved.

What can be real is: HTTP on loopback, SMTP, serial ports by pyserial, SQLite. Only the devices, the mail
server and the clock come from the test rig, which no production wheel contains (R77).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer

    from devices.links import Bus
    from devices.profiles import FirmwareProfile
    from provisioning.cli.demo_desk import DemoDesk
    from provisioning.services import Services
    from tests.rig.rig import Rig

_HOST: Final = "127.0.0.1"
_JOIN_S: Final = 10.0
_NO_RIG: Final = "the test rig is not installed here; run the demo from the source tree after `make setup`"


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8700, show_default=True, help="0: any free port.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="Everything is kept here and found again at the next start.",
)
def demo(port: int, data: Path) -> None:
    """Try everything on this machine: console, portal, app, emulated fobs, mail. Not for production."""
    try:
        from tests.rig.rig import Rig
    except ImportError:
        raise click.ClickException(_NO_RIG) from None
    from provisioning import logs
    from provisioning.cli.signals import stop_by_signal

    listener = _listen(port)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data / "demo.json").unlink(missing_ok=True)
    stop = stop_by_signal()
    with listener, (data / "kagiya.log").open("a", encoding="utf-8") as log, Rig(data / "rig") as rig:
        logs.configure("warning", log)
        _Demo(data, listener, rig, stop).run()


def _listen(port: int) -> socket.socket:
    """A listening socket on loopback, so that a busy port is told before anything else happens."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        raise click.ClickException(f"port {port}: {error.strerror}; choose another with --port") from None
    listener.listen(128)
    return listener


class _Demo:
    """One run: each part in a thread of its own."""

    def __init__(self, data: Path, listener: socket.socket, rig: Rig, stop: threading.Event) -> None:
        self._data = data
        self._listener = listener
        self._rig = rig
        self._stop = stop
        self._threads: list[threading.Thread] = []
        self._base_url = f"http://localhost:{listener.getsockname()[1]}"

    def run(self) -> None:
        """Start, say so, wait for the end. Raises KagiyaError, DeviceError."""
        from provisioning.cli.demo_house import inhabit, open_house

        services = open_house(self._data, self._base_url, self._rig.mail_catcher.port)
        server = self._serve(services)
        try:
            accounts = inhabit(services, self._data, self._rig.clock.now())
            self._start_worker(services)
            self._start_stations(services)
            self._tell(services, accounts)
            self._stop.wait()
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(_JOIN_S)
            server.shutdown()
            server.server_close()
            services.store.close()

    def _serve(self, services: Services) -> BaseWSGIServer:
        from provisioning.cli.demo_server import serve_on
        from provisioning.cli.request_log import RequestLog
        from provisioning.rules.roles import ALL_ROLES, Role
        from web.app import create_app

        product = create_app(services, ALL_ROLES - {Role.WORKER}, self._rig.clock.now)
        server = serve_on(self._listener, self._rig.around(RequestLog(product)))
        threading.Thread(target=server.serve_forever, name="server", daemon=True).start()
        return server

    def _start_worker(self, services: Services) -> None:
        from provisioning.cli.chores import smtp_mailer, work

        mailer = smtp_mailer(services.settings.mail)
        self._start("worker", lambda: work(services, mailer, self._rig.clock.now, self._stop))

    def _start_stations(self, services: Services) -> None:
        from devices.links.serial import SerialBus
        from devices.profile_files import load_profiles
        from provisioning.cli.demo_desk import MAIN_DESK, OTHER_DESK, stock_fobs

        profiles, drawer = load_profiles(), self._rig.drawer
        main = self._start_station(services, MAIN_DESK, (self._rig.hid_bus, SerialBus(drawer.cradles)), profiles)
        other = self._start_station(services, OTHER_DESK, (self._rig.other_bus,), profiles)
        for own, station_id in ((MAIN_DESK, main), (OTHER_DESK, other)):
            plugged = [
                (view.profile, view.serial)
                for view in drawer.views()
                if view.plugged and (view.serial in self._rig.at_other_desk) == (own is OTHER_DESK)
            ]
            stock_fobs(services, own, station_id, plugged, self._rig.clock.now)

    def _start_station(
        self, services: Services, own: DemoDesk, buses: tuple[Bus, ...], profiles: tuple[FirmwareProfile, ...]
    ) -> str:
        """Its id; it works from now on."""
        from devices.attach import Desk
        from provisioning.cli.demo_desk import enrol_desk, run_desk

        clock = self._rig.clock
        enrolment = enrol_desk(services, own, self._data, self._base_url, clock.now)
        desk = Desk(buses, profiles, self._rig.drawer.roots, clock.unix_time)
        self._start(own.folder, lambda: run_desk(enrolment, desk, self._stop))
        return enrolment.station_id

    def _start(self, name: str, act: Callable[[], Any]) -> None:
        thread = threading.Thread(target=act, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _tell(self, services: Services, accounts: dict[str, Any]) -> None:
        from provisioning.cli.demo_facts import facts, lines
        from provisioning.cli.demo_house import write_private

        file = self._data / "demo.json"
        told = facts(services, accounts, self._rig.drawer, self._base_url, f"{self._base_url}/rig")
        write_private(file, told)
        click.echo(lines(told, file))
