"""A server whose roles are processes of their own: each has a folder with its own keys and certificate alone."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx

from provisioning import migrations
from provisioning.rules.roles import (
    ALL_ROLES,
    ANSWERS_STATIONS,
    HANDLES_ADDRESSES,
    HANDLES_TICKETS,
    SENDS_MAIL,
    SIGNS_CHECKPOINTS,
    Role,
)
from provisioning.secret_files import write_secret
from provisioning.settings_file import load_settings
from provisioning.verifier.certificates import certify_verifier, read_pair
from tests.fixtures.ports import free_port
from tests.fixtures.processes import end
from tests.ground.commands import KAGIYA, run_kagiya
from tests.ground.settings_files import SETTINGS, write_settings

READY_WITHIN_S: Final = 60.0
HOST: Final = "127.0.0.1"
OVER_TLS: Final = frozenset({Role.VERIFIER, Role.BANK})
"""The verifier asks for certificates always, the bank API here because its settings say so."""

_HOLDERS: Final = {
    "address": HANDLES_ADDRESSES,
    "tickets.key": HANDLES_TICKETS,
    "station.key": ANSWERS_STATIONS,
    "checkpoint.key": SIGNS_CHECKPOINTS,
    "mail-password": SENDS_MAIL,
    "audit.key": ALL_ROLES,
    "checkpoint.pub": ALL_ROLES,
}


@dataclass(frozen=True)
class House:
    """Where the database and the originals of all keys are; `ports` of the serving roles."""

    folder: Path
    ports: Mapping[Role, int] = field(default_factory=dict)
    processes: dict[Role, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def certificates(self) -> Path:
        """With the authority's key, which no process has."""
        return self.folder / "certificates"

    def settings_of(self, role: Role) -> Path:
        """The settings file of one role."""
        return self.folder / role / "kagiya.toml"

    def start(self, role: Role) -> None:
        """By the command that an operator's unit has."""
        arguments = ["worker"]
        if role in self.ports:
            arguments = ["serve", "--role", role, "--bind", f"{HOST}:{self.ports[role]}", "--workers", "1"]
        with (self.folder / f"{role}.log").open("ab") as log:
            self.processes[role] = subprocess.Popen(
                [KAGIYA, "--settings", str(self.settings_of(role)), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait(self, role: Role) -> None:
        """Until it listens."""
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until:
            try:
                socket.create_connection((HOST, self.ports[role]), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self.folder / f"{role}.log").read_text())

    def stop(self, role: Role) -> None:
        """And wait for its end."""
        end(self.processes.pop(role))

    def url(self, role: Role) -> str:
        """Where it is served."""
        return f"{'https' if role in OVER_TLS else 'http'}://{HOST}:{self.ports[role]}"

    def http(self, role: Role, certificate: str = "monitor") -> httpx.Client:
        """A way to it; who asks for a certificate is shown that one."""
        context = self.tls(certificate) if role in OVER_TLS else True
        return httpx.Client(base_url=self.url(role), verify=context, timeout=30)

    def tls(self, certificate: str | None, folder: Path | None = None) -> ssl.SSLContext:
        """Believes our authority, and shows that certificate."""
        context = ssl.create_default_context(cafile=str(self.certificates / "authority.pem"))
        if certificate is not None:
            own = folder or self.certificates
            context.load_cert_chain(own / f"{certificate}.pem", own / f"{certificate}.key")
        return context


TLS: Final = """[server]
tls_certificate_file = "certificates/server.pem"
tls_key_file = "certificates/server.key"
tls_clients_file = "certificates/authority.pem"
"""


def build_house(folder: Path) -> House:
    """Keys, an upgraded database, certificates, and a folder for each role with what is its own."""
    ports: dict[Role, int] = {role: free_port() for role in Role if role is not Role.WORKER}
    text = SETTINGS.replace("[server]", '[server]\nclock = "host"')
    text += (
        f'\n[verifier]\nurl = "https://{HOST}:{ports[Role.VERIFIER]}"\ncertificate_directory = "certificates"\n'
    )
    whole = write_settings(folder, text)
    migrations.upgrade(load_settings(whole, ALL_ROLES).store.url)
    made = run_kagiya("key", "certificates", str(folder / "certificates"), "--host", HOST)
    assert made.returncode == 0, made.stderr
    house = House(folder, ports)
    for role in Role:
        _furnish(house, role, text)
    return house


def _furnish(house: House, role: Role, text: str) -> None:
    own = house.folder / role
    (own / "keys").mkdir(parents=True)
    for name, holders in _HOLDERS.items():
        if role in holders:
            _copy(house.folder / "keys" / name, own / "keys" / name)
    private = () if role is Role.VERIFIER else ("*.key", "*.sealed")
    shutil.copytree(
        house.folder / "keys" / "vault", own / "keys" / "vault", ignore=shutil.ignore_patterns(*private)
    )
    certificates = own / "certificates"
    certificates.mkdir()
    for name in (f"{role}.pem", f"{role}.key", "authority.pem", "revoked"):
        if (house.certificates / name).exists():
            shutil.copy2(house.certificates / name, certificates / name)
    text = text.replace("sqlite:///kagiya.db", "sqlite:///../kagiya.db")
    if role is Role.BANK:
        _ask_for_certificates(house, certificates)
        text = text.replace("[server]", TLS)
    (own / "kagiya.toml").write_text(text.replace('"checkpoints"', '"../checkpoints"'))


def _copy(there: Path, here: Path) -> None:
    """With its mode; a directory of keys as a whole."""
    (shutil.copytree if there.is_dir() else shutil.copy2)(there, here)


def _ask_for_certificates(house: House, folder: Path) -> None:
    """The bank API's own, as a server; its clients show one of the same authority."""
    files = (house.certificates / f"authority.{kind}" for kind in ("pem", "key"))
    pair = certify_verifier(read_pair(*(file.read_bytes() for file in files)), [HOST], datetime.now(UTC))
    (folder / "server.pem").write_text(pair.certificate_pem())
    write_secret(folder / "server.key", pair.key_pem().strip())


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    """Every role runs, each as a process started by `kagiya serve` or `kagiya worker`."""
    house = build_house(folder)
    try:
        for role in Role:
            house.start(role)
        for role in house.ports:
            house.wait(role)
        yield house
    finally:
        for role in list(house.processes):
            house.stop(role)
