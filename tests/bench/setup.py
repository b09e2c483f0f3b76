"""`kagiya bench setup`: apps set up per second (begin and complete) through the real server.

Clients and server share this machine. The slow derivation of the activation password happens in the phone and
at issuance, so it is left out: the clients are given the derived key.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
from sqlalchemy import select

from provisioning import migrations
from provisioning.cli.compose import OPERATOR, build_services
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.open_ticket import PasswordKey, open_ticket
from provisioning.jobs.ticket_box import app_salt, ticket_box
from provisioning.rules.roles import Role
from provisioning.rules.states import TokenKind
from provisioning.services import Services
from provisioning.settings import PBKDF2_FLOOR
from provisioning.settings_file import load_settings
from provisioning.store.tables import Customer
from tests.bench.databases import available, databases
from tests.bench.people import INSTITUTION, enter_customers
from tests.bench.servers import product, write_settings
from tests.fixtures.ports import free_port
from tests.soft.independent_client import IndependentClient, Refused, direction_key

APPS: Final = 200
CLIENTS: Final = 4


@dataclass(frozen=True, slots=True)
class SetupResult:
    """Set-ups per second, and how long one took from begin to the opened seed."""

    database: str
    per_second: float
    p50_ms: float
    p95_ms: float


@dataclass
class _Phone(IndependentClient):
    """An app that has its derived key, and a loopback address of its own: the server counts by address."""

    derived: bytes = field(default=b"", repr=False)
    address: str = "127.0.0.1"

    def post(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        with httpx.Client(transport=httpx.HTTPTransport(local_address=self.address), timeout=30) as client:
            answer = client.post(f"{self.base}/api/app/v1/{what}", json=body)
        if answer.status_code != httpx.codes.OK:
            raise Refused(answer.status_code, answer.json())
        found: dict[str, Any] = answer.json()
        return found

    def _key(self, begun: Mapping[str, Any], direction: str) -> bytes:
        return direction_key(self.derived, direction)


def measure_setup() -> list[SetupResult]:
    """Measure on every database of this machine."""
    return [_measure(kind) for kind in available()]


def _measure(kind: str) -> SetupResult:
    with TemporaryDirectory(prefix="kagiya-bench-") as name, ExitStack() as open_now:
        folder = Path(name)
        folder.chmod(0o755)
        (url,) = open_now.enter_context(databases(kind, folder, "product"))
        port = free_port()
        file = write_settings(folder / "product", url, port=port)
        phones = _phones(file, port)
        open_now.enter_context(product(file, "customer,verifier", port))
        begun = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as clients:
            seconds = sorted(clients.map(_set_up, phones))
        elapsed_s = time.perf_counter() - begun
    return SetupResult(
        database=kind,
        per_second=round(len(seconds) / elapsed_s, 1),
        p50_ms=round(seconds[len(seconds) // 2] * 1000, 1),
        p95_ms=round(seconds[int(len(seconds) * 0.95)] * 1000, 1),
    )


def _set_up(phone: _Phone) -> float:
    begun = time.perf_counter()
    phone.set_up()
    return time.perf_counter() - begun


def _phones(file: Path, port: int) -> list[_Phone]:
    """Customers with open tickets, and the phones in their hands."""
    roles = {Role.CUSTOMER}
    settings = load_settings(file, roles)
    migrations.upgrade(settings.store.url)
    services = build_services(settings, roles)
    try:
        user_ids = enter_customers(services, APPS)
        return [_issue(services, port, number, user_id) for number, user_id in enumerate(user_ids)]
    finally:
        services.store.close()


def _issue(services: Services, port: int, number: int, user_id: str) -> _Phone:
    service_id = services.institution(INSTITUTION).service_id
    salt = app_salt(ticket_box(services), service_id, user_id)
    derived, now = secrets.token_bytes(32), datetime.now(UTC)
    with services.store.write() as tx:
        customer = tx.scalars(select(Customer).where(Customer.user_id == user_id)).one()
        credential = open_credential(tx, services, customer, TokenKind.SOFT, now, OPERATOR)
        open_ticket(tx, services, credential, PasswordKey(derived, salt, PBKDF2_FLOOR), now)
    base, origin = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
    address = f"127.1.{number // 250}.{number % 250 + 1}"
    return _Phone(base, service_id, user_id, "-", origin=origin, derived=derived, address=address)
