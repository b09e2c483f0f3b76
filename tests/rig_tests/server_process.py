"""`python -m tests.rig_tests.server_process DIRECTORY PORT`: server and worker, to be killed by tests."""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

from provisioning.cli.chores import smtp_mailer, work
from provisioning.cli.compose import utc_now
from provisioning.cli.demo_house import House, open_house
from provisioning.cli.demo_server import serve_on
from provisioning.rules.roles import ALL_ROLES, Role
from web.app import create_app

NO_MAIL_PORT = 1


def house(directory: Path, port: int) -> House:
    """The services over the database in `directory`, for the server and for the test beside it."""
    return open_house(directory, f"http://localhost:{port}", NO_MAIL_PORT, utc_now)


def main(directory: Path, port: int) -> None:
    """Serve until killed."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    services = house(directory, port).services
    mailer = smtp_mailer(services.settings.mail)
    worker = threading.Thread(target=work, args=(services, mailer, utc_now, threading.Event()), daemon=True)
    worker.start()
    serve_on(listener, create_app(services, ALL_ROLES - {Role.WORKER}, utc_now)).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
