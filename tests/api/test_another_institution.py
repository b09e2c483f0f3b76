"""Whatever a bank's system asks about another institution's customers, there is no such institution (R58)."""

from __future__ import annotations

from typing import Any

from tests.api.bank import Bank, open_bank
from tests.api.conftest import Served
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from web.api.bank.operations import OPERATIONS

NO_SUCH = (404, {"error": "not_found", "what": "institution"})


@sqlite_only
def test_no_operation_finds_it(served: Served, bank: Bank) -> None:
    stranger = open_bank(served, bank.user_id, "other")
    described = served.http.get("/api/v1/openapi.json").json()["paths"]
    for service_id in (DUAL.service_id, "99999999"):
        stranger.service_id = service_id
        for name, operation in OPERATIONS.items():
            for members in good_members(described[f"/api/v1{operation.path}"]):
                if members is None:
                    answer = stranger.send(operation)
                else:
                    ids = {"service_id": service_id, "user_id": bank.user_id}
                    answer = stranger.post(operation.path, {**members, **ids})
                assert (answer.status_code, answer.json()) == NO_SUCH, name


def good_members(described: dict[str, Any]) -> list[dict[str, Any] | None]:
    """Requests of an operation that nothing but the institution stands in the way of; None: it is a GET."""
    if "post" not in described:
        return [None]
    examples = described["post"]["requestBody"]["content"]["application/json"]["examples"]
    return [example["value"] for example in examples.values()]
