"""Real server processes to measure: `kagiya serve` in production form, and the floor beside it."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioning.cli.keys import make_keys
from tests.bench.installed import kagiya_command
from tests.fixtures.ports import free_port

WORKERS: Final = 2
THREADS: Final = 2
_READY_WITHIN_S: Final = 30.0
_SETTINGS: Final = """
[store]
url = "{url}"
[vault]
directory = "keys/vault"
[keys]
audit_id = "bench"
audit_file = "keys/audit.key"
address_directory = "keys/address"
tickets_file = "keys/tickets.key"
station_file = "keys/station.key"
[server]
base_url = "http://localhost:{port}"
clock = "host"
log_level = "{log_level}"
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that accepts connections on 127.0.0.1; `ready_s`: from the start of its program until then."""

    pid: int
    port: int
    ready_s: float


def write_settings(folder: Path, url: str, *, port: int = 8700, log_level: str = "info") -> Path:
    """A settings file with fresh keys in `folder`."""
    folder.mkdir(parents=True)
    make_keys(folder / "keys", "bench")
    file = folder / "kagiya.toml"
    file.write_text(_SETTINGS.format(url=url, port=port, log_level=log_level), encoding="utf-8")
    return file


@contextmanager
def product(settings_file: Path, roles: str, port: int) -> Iterator[Server]:
    """`kagiya serve` with two processes."""
    command = [*kagiya_command(), "--settings", str(settings_file), "serve", "--role", roles]
    command += ["--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS)]
    with _running(command, settings_file.with_name("server.log"), port) as server:
        yield server


@contextmanager
def floor(url: str, log: Path) -> Iterator[Server]:
    """The bare endpoint, with as many processes and threads as the product has for the bank's interface."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.floor", url, str(port), str(WORKERS), str(THREADS)]
    with _running(command, log, port) as server:
        yield server


@contextmanager
def floor_on_gunicorn(url: str, log: Path) -> Iterator[Server]:
    """The same endpoint on the other server that was looked at."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-k", "gthread", "-w", str(WORKERS), "--threads", str(THREADS)]
    command += ["-b", f"127.0.0.1:{port}", "--log-level", "warning", f"tests.bench.floor:load('{url}')"]
    with _running(command, log, port) as server:
        yield server


def new_folder(parent: Path) -> Path:
    """A name that nothing has yet."""
    return parent / secrets.token_hex(4)


@contextmanager
def _running(command: list[str], log: Path, port: int) -> Iterator[Server]:
    begun = time.monotonic()
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
    try:
        yield Server(process.pid, port, _wait(process, port, log, begun))
    finally:
        process.terminate()
        process.wait(_READY_WITHIN_S)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, begun: float) -> float:
    """Seconds until the first answer."""
    while time.monotonic() - begun < _READY_WITHIN_S and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
                line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                if line.recv(12):
                    return time.monotonic() - begun
        except OSError:
            time.sleep(0.005)
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
