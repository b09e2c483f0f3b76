"""The bank's own system, as it calls the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.rules.actor import SYSTEM
from provisioning.rules.bank_scopes import ALL_SCOPES, BankScope
from tests.fobs.desk import Desk
from web.api.bank.fields import POST, Operation

if TYPE_CHECKING:
    from tests.api.conftest import Served

SERVICE_ID = "10112231"
SOFT = {"kind": "soft", "mail_address": "taro@carrier.example", "activation_password": "83719264"}


@dataclass
class Bank:
    """One client of one institution, calling about one user."""

    served: Served
    key: str
    user_id: str
    service_id: str = SERVICE_ID

    def post(
        self, path: str, body: object | None = None, key: str | None = None, **members: Any
    ) -> httpx.Response:
        """A call with the IDs and these members, or with `body` as it is; `key` is an idempotency key."""
        sent = {"service_id": self.service_id, "user_id": self.user_id, **members} if body is None else body
        headers = self.headers | ({} if key is None else {"Idempotency-Key": key})
        return self.served.http.post(f"/api/v1{path}", json=sent, headers=headers)

    def send(self, operation: Operation) -> httpx.Response:
        """A call of it with nothing but the IDs."""
        if operation.method == POST:
            return self.post(operation.path)
        path = operation.path.format(service_id=self.service_id, user_id=self.user_id)
        return self.served.http.get(f"/api/v1{path}", headers=self.headers)

    def ask(self, path: str, **members: Any) -> tuple[int, dict[str, Any]]:
        """Status and answer of a call."""
        answer = self.post(path, **members)
        return answer.status_code, answer.json()

    def decide(self, path: str, **members: Any) -> tuple[str, str | None]:
        """Outcome and reason of a code."""
        answer = self.post(path, **members)
        assert answer.status_code == 200, answer.text
        return answer.json()["outcome"], answer.json().get("reason")

    def state(self) -> dict[str, Any]:
        """Where the user's token stands."""
        return self.get("/customers")

    def get(self, path: str) -> dict[str, Any]:
        """What is told about the user."""
        return self._read(f"{path}/{self.service_id}/{self.user_id}")

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """What the host has not read yet."""
        events: list[dict[str, Any]] = self._read(f"/events/{self.service_id}?after={after}")["events"]
        return events

    def _read(self, address: str) -> dict[str, Any]:
        answer = self.served.http.get(f"/api/v1{address}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    @property
    def headers(self) -> dict[str, str]:
        """Who calls."""
        return {"Authorization": f"Bearer {self.key}"}


def open_bank(
    served: Served,
    user_id: str,
    institution_id: str = "dual",
    checks_confirmation: bool = False,
    scopes: frozenset[BankScope] = ALL_SCOPES,
) -> Bank:
    """A new client of the institution."""
    command = AddBankClientCommand(institution_id, "host", SYSTEM, checks_confirmation, scopes)
    key = add_bank_client(served.services, command, served.at).key
    return Bank(served, key, user_id, served.services.institution(institution_id).service_id)


def later(bank: Bank, desk: Desk, **by: float) -> None:
    """Everybody's clock moves."""
    bank.served.advance(**by)
    desk.now += timedelta(**by)
