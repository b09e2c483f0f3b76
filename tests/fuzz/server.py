"""The server's own doors, behind which everything is real: each answer is one that a caller was promised."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from flask import Flask
from sqlalchemy import select
from werkzeug.test import Client, TestResponse

from devices.contract import signed_text
from provisioning import migrations
from provisioning.institutions import load_institutions
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.rules.actor import SYSTEM
from provisioning.rules.bank_scopes import ALL_SCOPES
from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.settings import (
    AppSettings,
    MailSettings,
    ServerSettings,
    Settings,
    StoreSettings,
)
from provisioning.store.engine import Store
from provisioning.store.tables import ProgrammingJob
from tests.fixtures.people import NOON, add_customer, add_fob
from tests.fixtures.services import ORIGIN, assemble, fresh_keys
from tests.fixtures.vaults import new_address_keys, new_vault
from tests.fobs.case import Case
from tests.fobs.desk import Desk, open_desk
from tests.soft.issuing import issue
from web.api.bank.fields import GET
from web.api.bank.operations import OPERATIONS
from web.app import create_app

Run = Callable[[bytes], None]
DATABASE: Final = "fuzzed.db"
INSTITUTION: Final = "dual"
USER_ID: Final = "123456780001"
_STATION: Final = ("/poll", "/jobs/JOB/progress", "/jobs/JOB/result", "/enrol")
_JSON: Final = "application/json"


@dataclass
class Server:
    """An application with a clock that goes on a second with each request, so that no flood guard says no."""

    services: Services
    app: Flask
    at: datetime = NOON

    def send(self, path: str, headers: dict[str, str], *, body: bytes = b"", query: bytes = b"") -> TestResponse:
        """One request. Whatever is not caught on the way is raised here."""
        method = "GET" if query else "POST"
        answer = Client(self.app).open(
            path,
            method=method,
            data=body,
            query_string=query.decode("latin-1"),
            headers=headers,
            content_type=_JSON,
            base_url="https://localhost",
        )
        assert answer.status_code < 500, answer.status_code
        assert answer.status_code != 429
        if answer.status_code != 204:
            assert answer.is_json
        return answer


def start(folder: Path, url: str = "") -> Server:
    """Every role in one process, on the empty database at `url`; else on the one in `folder`, migrated or not."""
    given, url = bool(url), url or f"sqlite:///{folder / DATABASE}"
    if given or not (folder / DATABASE).exists():
        migrations.upgrade(url)
    services = assemble(_settings(folder, url), Store(url), load_institutions())
    server = Server(services, Flask(""))
    server.app = create_app(services, ALL_ROLES, lambda: _tick(server))
    server.app.config["PROPAGATE_EXCEPTIONS"] = True
    return server


def app_api(folder: Path) -> Run:
    """`begin` and `complete`; `NONCE` in the body stands for a nonce that was given out just now."""
    server = start(folder)
    issue(server.services, add_customer(server.services, USER_ID, INSTITUTION), server.at)
    institution = server.services.institution(INSTITUTION)
    ids = b'{"service_id": "%s", "user_id": "%s"}' % (institution.service_id.encode(), USER_ID.encode())

    def run(data: bytes) -> None:
        path, body = "/api/app/v1/complete" if data[:1] > b"\x7f" else "/api/app/v1/begin", data[1:]
        if b"NONCE" in body:
            begun = server.send("/api/app/v1/begin", {}, body=ids)
            body = body.replace(b"NONCE", begun.get_json()["nonce"].encode())
        # so many wrong proofs end at midnight
        server.at += timedelta(days=1)
        server.send(path, {}, body=body)

    return run


def station_api(folder: Path) -> Run:
    """Signed as a station signs; `JOB` stands for a job that waits to be written."""
    server = start(folder)
    customer, fob = (
        add_customer(server.services, USER_ID, INSTITUTION),
        add_fob(server.services, "KF1", INSTITUTION),
    )
    desk = open_desk(server.services, server.at, institution_id=INSTITUTION)
    desk.plug(fob)
    Case(server.services, desk, fob, customer, SYSTEM).reserve()

    def run(data: bytes) -> None:
        with server.services.store.read() as session:
            job = session.scalars(select(ProgrammingJob.id)).first() or ""
        which = (data[0] if data else 0) % len(_STATION)
        path = f"/api/station/v1{_STATION[which]}".replace("JOB", job)
        body = data[1:].replace(b"JOB", job.encode())
        headers = {} if which == len(_STATION) - 1 else {"Authorization": sign(desk, server.at, path, body)}
        server.at += timedelta(seconds=5)
        server.send(path, headers, body=body)

    return run


def bank_api(folder: Path) -> Run:
    """Every operation, by the first byte; the second says whether it is asked under an idempotency key."""
    server = start(folder)
    operations = tuple(OPERATIONS.values())
    institutions = tuple(server.services.institutions.values())
    for number, institution in enumerate(institutions):
        add_customer(server.services, f"12345678000{number}", institution.id)
    keys = [
        add_bank_client(
            server.services, AddBankClientCommand(institution.id, "host", SYSTEM, True, ALL_SCOPES), server.at
        ).key
        for institution in institutions
    ]

    def run(data: bytes) -> None:
        which, how, body = data[:1] or b"\0", data[1:2] or b"\0", data[2:]
        operation, number = operations[which[0] % len(operations)], how[0] % len(institutions)
        ids = {"service_id": institutions[number].service_id, "user_id": f"12345678000{number}"}
        headers = {"Authorization": f"Bearer {keys[number]}"}
        if how[0] & 128:
            headers["Idempotency-Key"] = secrets.token_hex(8)
        for name, value in ids.items():
            body = body.replace(name.upper().encode(), value.encode())
        path = f"/api/v1{operation.path}".format(**ids) if "{" in operation.path else f"/api/v1{operation.path}"
        if operation.method == GET:
            server.send(path, headers, query=body or b"a=b")
        else:
            server.send(path, headers, body=body)

    return run


def _tick(server: Server) -> datetime:
    server.at += timedelta(seconds=1)
    return server.at


def sign(desk: Desk, at: datetime, path: str, body: bytes) -> str:
    """What stands in a station's request as Authorization."""
    time, nonce = str(int(at.timestamp() * 1000)), secrets.token_hex(16)
    signature = desk.signing_key.sign(signed_text("POST", path, time, nonce, body)).hex()
    return f'Kagiya-Station id="{desk.station_id}", time="{time}", nonce="{nonce}", signature="{signature}"'


def _settings(folder: Path, url: str) -> Settings:
    return Settings(
        store=StoreSettings(url),
        vault=new_vault(folder),
        keys=fresh_keys(new_address_keys(folder)),
        mail=MailSettings(),
        server=ServerSettings(base_url=ORIGIN),
        app=AppSettings(pbkdf2_iterations=1000, origin=ORIGIN),
    )


def example(number: int) -> Any:
    """A good call of an operation."""
    operation = tuple(OPERATIONS.values())[number]
    return {
        name: [field.example] if field.many else field.example
        for name, field in operation.fields.items()
        if field.example
    } | {name: name.upper() for name in ("service_id", "user_id") if name in operation.fields}
