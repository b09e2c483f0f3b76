"""What a demonstration lives in: keys, database, people. Made once in its directory, found again ever after."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from provisioning import migrations
from provisioning.cli.compose import build_services
from provisioning.cli.demo_people import enter_people
from provisioning.cli.keys import make_keys
from provisioning.rules.roles import ALL_ROLES
from provisioning.secret_files import read_key, read_public_key
from provisioning.services import Services
from provisioning.settings import (
    AppSettings,
    AuditSettings,
    ClockSource,
    KeySettings,
    MailSettings,
    ServerSettings,
    Settings,
    StoreSettings,
    VaultSettings,
)

_ACCOUNTS: Final = "accounts.json"
"""Written last: without it the house is unfinished."""


def open_house(directory: Path, base_url: str, mail_port: int) -> Services:
    """Find the house in `directory`, or make it. An unfinished one is made anew. Raises KagiyaError."""
    if not (directory / _ACCOUNTS).exists():
        _clear(directory)
        make_keys(directory / "keys", "demo")
    settings = _settings(directory, base_url, mail_port)
    migrations.upgrade(settings.store.url)
    return build_services(settings, ALL_ROLES)


def inhabit(services: Services, directory: Path, now: datetime) -> dict[str, Any]:
    """Who lives in an opened house, and what they sign in with; a new one gets its people now."""
    accounts_file = directory / _ACCOUNTS
    if not accounts_file.exists():
        write_private(accounts_file, enter_people(services, now))
    accounts: dict[str, Any] = json.loads(accounts_file.read_bytes())
    return accounts


def write_private(file: Path, value: Any) -> None:
    """Put one JSON document at `file` in one step, for its owner alone."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    fresh.replace(file)


def _clear(directory: Path) -> None:
    """What was begun: the database, and all that belongs to it alone."""
    for leftover in directory.glob("kagiya.db*"):
        leftover.unlink()
    for folder in (directory / "keys", directory / "checkpoints", *directory.glob("station*")):
        shutil.rmtree(folder, ignore_errors=True)


def _settings(directory: Path, base_url: str, mail_port: int) -> Settings:
    def key(name: str) -> bytes:
        return read_key("demo", name, directory / "keys" / f"{name}.key")

    return Settings(
        store=StoreSettings(f"sqlite:///{directory.resolve() / 'kagiya.db'}"),
        vault=VaultSettings(directory / "keys" / "vault"),
        keys=KeySettings("demo", key("audit"), directory / "keys" / "address", key("tickets"), key("station")),
        audit=AuditSettings(
            origin="demo",
            directory=directory / "checkpoints",
            key_id="demo",
            public_keys={"demo": read_public_key("demo", "checkpoint", directory / "keys" / "checkpoint.pub")},
            private_key=key("checkpoint"),
        ),
        mail=MailSettings(host="127.0.0.1", port=mail_port, starttls=False),
        server=ServerSettings(base_url=base_url, demo=True, clock=ClockSource.HOST),
        app=AppSettings(origin=base_url),
    )
