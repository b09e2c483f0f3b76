"""`kagiya demo`: the whole system in one process, with emulated fobs, a mail catcher and a clock that can be moved.

Everything that can be real is: HTTP on loopback, SMTP, serial ports by pyserial, SQLite. Only the devices, the
mail server and the clock come from the test rig, which no production wheel contains (R77).
"""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from provisioning.cli.demo_house import House
    from tests.rig.rig import Rig

_HOST: Final = "127.0.0.1"
_JOIN_S: Final = 10.0
_MISSING: Final = "the demonstration needs the test rig (tests/rig) and its packages; run it from the source tree after `make setup`"


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
        raise click.ClickException(_MISSING) from None
    listener = _listen(port)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data / "demo.json").unlink(missing_ok=True)
    stop = _stop_by_signal()
    with (data / "kagiya.log").open("a", encoding="utf-8") as log, Rig(data / "rig") as rig:
        from provisioning import logs

        logs.configure("info", log)
        _Demo(data, listener, rig, stop).run()


def _listen(port: int) -> socket.socket:
    """A listening socket on loopback, so that a busy port is told before anything else happens."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        raise click.ClickException(
            f"port {port} cannot be used: {error.strerror}; choose another with --port"
        ) from None
    listener.listen(128)
    return listener


def _stop_by_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


class _Demo:
    """The parts of one run, each in a thread of its own."""

    def __init__(self, data: Path, listener: socket.socket, rig: Rig, stop: threading.Event) -> None:
        self._data = data
        self._listener = listener
        self._rig = rig
        self._stop = stop
        self._threads: list[threading.Thread] = []
        self.base_url = f"http://localhost:{listener.getsockname()[1]}"

    def run(self) -> None:
        """Start, say so, wait for the end."""
        from provisioning.cli.demo_house import open_house

        clock = self._rig.clock.now
        house = open_house(self._data, self.base_url, self._rig.mail_catcher.port, clock)
        server = self._serve(house)
        try:
            self._start_desk(house)
            self._start("worker", self._work(house))
            self._tell(house)
            self._stop.wait()
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(_JOIN_S)
            server.shutdown()
            server.server_close()
            house.services.store.close()

    def _serve(self, house: House) -> Any:
        from werkzeug.serving import make_server

        from provisioning.cli.request_log import RequestLog
        from provisioning.rules.roles import ALL_ROLES, Role
        from web.app import create_app

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        product = create_app(house.services, ALL_ROLES - {Role.WORKER}, self._rig.clock.now)
        application = self._rig.around(RequestLog(product))
        server = make_server(_HOST, 0, application, threaded=True, fd=self._listener.fileno())
        server.daemon_threads = True
        # keep connections open, as a real server does
        server.RequestHandlerClass.protocol_version = "HTTP/1.1"
        self._start("server", server.serve_forever, joined=False)
        return server

    def _start_desk(self, house: House) -> None:
        from provisioning.cli.demo_desk import enrol_desk, run_desk, stock_fobs

        rig, clock = self._rig, self._rig.clock
        enrolment = enrol_desk(house.services, self._data / "station", self.base_url, clock.now)
        drawer = rig.drawer
        unix_time = clock.unix_time
        self._start(
            "station",
            lambda: run_desk(enrolment, rig.hid_bus, drawer.cradles, drawer.roots, unix_time, self._stop),
        )
        plugged = [view for view in drawer.views() if view.plugged]
        for profile in {view.profile for view in plugged}:
            serials = [view.serial for view in plugged if view.profile == profile]
            stock_fobs(house.services, enrolment.station_id, profile, serials, clock.now)

    def _work(self, house: House) -> Callable[[], None]:
        from provisioning.cli.chores import smtp_mailer, work

        mailer = smtp_mailer(house.services.settings.mail)
        return lambda: work(house.services, mailer, self._rig.clock.now, self._stop)

    def _start(self, name: str, act: Callable[[], Any], *, joined: bool = True) -> None:
        thread = threading.Thread(target=act, name=name, daemon=True)
        thread.start()
        if joined:
            self._threads.append(thread)

    def _tell(self, house: House) -> None:
        from provisioning.cli.demo_house import write_private

        facts = self._facts(house)
        write_private(self._data / "demo.json", facts)
        click.echo(_words(facts, self._data))

    def _facts(self, house: House) -> dict[str, Any]:
        """demo.json as the contract has it."""
        from provisioning.cli.demo_house import INSTITUTION

        rig_url = f"{self.base_url}/rig"
        accounts = house.accounts
        secrets = ("login_id", "password", "confirmation_password", "user_id")
        return {
            "base_url": self.base_url,
            "rig_url": rig_url,
            "bank_api_key": accounts["bank_api_key"],
            "institutions": [
                {"id": one.id, "service_id": one.service_id, "name": one.name.ja}
                for one in house.services.institutions.values()
            ],
            "customers": [
                {"institution": INSTITUTION, **{name: who[name] for name in secrets}}
                for who in accounts["customers"]
            ],
            "staff": [
                {
                    "name": who["name"],
                    "role": who["role"],
                    "institution": INSTITUTION,
                    "sign_in_url": self.base_url + who["path"],
                }
                for who in accounts["staff"]
            ],
            "fobs": [
                {
                    "serial": fob.serial,
                    "profile": fob.profile,
                    "transport": fob.transport.value,
                    "display_url": f"{rig_url}/fobs/{fob.serial}",
                }
                for fob in self._rig.drawer.views()
            ],
        }


def _words(facts: dict[str, Any], data: Path) -> str:
    """What to open, for people."""
    lines = [
        f"鍵屋 kagiya is ready: {facts['base_url']}/",
        "",
        f"  試験台 rig        {facts['rig_url']}/",
        f"  お客さま portal   {facts['base_url']}/portal/",
        f"  アプリ app        {facts['base_url']}/app/",
        "  職員 staff (links sign you in)",
    ]
    lines += [f"    {who['role']:<14} {who['sign_in_url']}" for who in facts["staff"]]
    lines += ["  お客さま customers (login ID, password, confirmation password)"]
    lines += [
        f"    {who['login_id']:<10} {who['password']:<14} {who['confirmation_password']}"
        for who in facts["customers"]
    ]
    return "\n".join(
        [*lines, "", f"  {data / 'demo.json'} has all of it. Ctrl-C ends the demo; it comes back as it was."]
    )
