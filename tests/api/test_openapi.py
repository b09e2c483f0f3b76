"""The OpenAPI page tells exactly what the bank API does."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import is_valid
from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge, TooManyRequests

from provisioning.errors import (
    AlreadyTaken,
    BadInput,
    CannotHold,
    ClockUntrusted,
    InProgress,
    InputFault,
    IssueRestricted,
    KeyReused,
    NotFound,
    OutcomeUnknown,
    OutOfScope,
    PaperNeeded,
    StoreFault,
    StoreUnavailable,
    TooEarly,
    VaultError,
    WrongState,
)
from provisioning.rules.verdict import Reason
from provisioning.store.tables import Customer
from tests.api.bank import Bank, open_bank
from tests.api.conftest import Served
from tests.fixtures.databases import sqlite_only
from web.api.bank.acts import act_of
from web.api.bank.bodies import read_object
from web.api.bank.errors import ERRORS
from web.api.bank.fields import GET
from web.api.bank.meanings import FAULTS, REASONS
from web.api.bank.operations import OPERATIONS
from web.faults import facts_of, fault_of


@pytest.fixture
def described(served: Served) -> dict[str, Any]:
    """The page, as anybody may read it."""
    answer = served.http.get("/api/v1/openapi.json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    page: dict[str, Any] = answer.json()
    return page


def routes(served: Served) -> set[tuple[str, str]]:
    """Method and path of everything the bank API answers."""
    found = set()
    for rule in served.app.url_map.iter_rules():
        if rule.endpoint.startswith("bank_api.") and rule.endpoint != "bank_api.describe":
            path = re.sub(r"<([a-z_]+)>", r"{\1}", rule.rule)
            found |= {(method.lower(), path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    return found


def test_every_route_is_described_and_nothing_else(served: Served, described: dict[str, Any]) -> None:
    told = {(method, path) for path, methods in described["paths"].items() for method in methods}
    assert told == routes(served)
    assert described["openapi"] == "3.1.0"


def test_every_operation_has_its_act() -> None:
    assert all(callable(act_of(name)) for name in OPERATIONS)
    with pytest.raises(KeyError):
        act_of("nothing")


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    references = set(re.findall(r"#/components/schemas/([A-Za-z]+)", str(described)))
    assert references == set(described["components"]["schemas"])


def test_passwords_and_codes_are_marked_as_only_written(described: dict[str, Any]) -> None:
    secret = {
        "otp",
        "confirmation_password",
        "activation_password",
        "mail_address",
        "first",
        "second",
        "mail_password",
    }
    for path in described["paths"].values():
        for operation in path.values():
            body = operation.get("requestBody", {"content": {"application/json": {"schema": {"properties": {}}}}})
            for name, schema in body["content"]["application/json"]["schema"]["properties"].items():
                assert schema.get("writeOnly", False) == (name in secret), name


@sqlite_only  # forms are looked at before any database is
@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if operation.method == "POST"])
def test_every_described_member_is_checked_as_described(
    served: Served, described: dict[str, Any], customer_a: Customer, name: str
) -> None:
    bank: Bank = open_bank(served, customer_a.user_id)
    path = OPERATIONS[name].path
    schema = described["paths"][f"/api/v1{path}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    forms = {member: form.get("items", form) for member, form in schema["properties"].items()}
    many = {member for member, form in schema["properties"].items() if form["type"] == "array"}
    good: dict[str, Any] = {member: form.get("enum", ["1"])[0] for member, form in forms.items()}
    good |= {member: [good[member]] for member in many}
    good |= {"service_id": bank.service_id, "user_id": bank.user_id}

    def fault(body: dict[str, Any]) -> tuple[int, str | None, str | None]:
        answer = bank.post(path, body)
        return answer.status_code, answer.json().get("field"), answer.json().get("fault")

    assert fault({**good, "more": "1"}) == (422, "more", "unknown_field")
    for member in many:
        assert fault({**good, member: "1"}) == (422, member, "bad_form")
        assert fault({**good, member: []}) == (422, member, "missing")
        assert fault({**good, member: ["1"] * 201}) == (422, member, "wrong_length")
    for member, form in forms.items():
        too_long: Any = "x" * (form["maxLength"] + 1)
        assert fault({**good, member: [1] if member in many else 1}) == (422, member, "bad_form")
        assert fault({**good, member: [too_long] if member in many else too_long}) == (422, member, "wrong_length")
        if "enum" in form:
            assert fault({**good, member: "x"}) == (422, member, "not_offered")
    for member in schema["required"]:
        assert fault({key: value for key, value in good.items() if key != member}) == (422, member, "missing")


def test_errors_have_the_described_members_only(
    served: Served, described: dict[str, Any], customer_a: Customer
) -> None:
    bank = open_bank(served, customer_a.user_id)
    known = set(described["components"]["schemas"]["Error"]["properties"])
    answers = [
        bank.post("/verify", {}),
        bank.post("/lift"),
        bank.post("/nowhere"),
        served.http.post("/api/v1/verify"),
        served.http.get("/api/v1/verify"),
    ]
    for answer in answers:
        assert answer.status_code >= 400
        assert set(answer.json()) <= known


@sqlite_only
def test_an_address_says_which_methods_it_takes(served: Served) -> None:
    answer = served.http.get("/api/v1/verify")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS, POST")


def test_every_error_is_described_where_it_may_come(described: dict[str, Any]) -> None:
    told = set()
    for path in described["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if int(status) < 400:
                    continue
                content = answer["content"]["application/json"]
                codes = content["schema"]["allOf"][1]["properties"]["error"]["enum"]
                assert {ERRORS[code].status for code in codes} == {int(status)}
                assert {code: {"error": code, **ERRORS[code].facts} for code in codes} == {
                    code: example["value"] for code, example in content["examples"].items()
                }
                told |= set(codes)
    # of an address itself, not of an operation
    assert told == set(ERRORS) - {"method_not_allowed"}


@pytest.mark.parametrize(
    "error",
    [
        BadInput("otp", InputFault.MISSING),
        NotFound("fob"),
        WrongState("fob", "lost"),
        AlreadyTaken("fob"),
        TooEarly(datetime.now(UTC)),
        IssueRestricted(),
        PaperNeeded("suspension"),
        CannotHold("digits", "8", "6"),
        OutOfScope("read"),
        KeyReused(),
        InProgress(),
        OutcomeUnknown(),
        StoreUnavailable(StoreFault.FULL),
        VaultError(),
        ClockUntrusted(),
        RequestEntityTooLarge(),
        TooManyRequests(),
        MethodNotAllowed(),
    ],
)
def test_what_goes_wrong_is_told_as_the_table_says(error: Exception) -> None:
    told = fault_of(error)
    assert told.status == ERRORS[told.name].status
    assert set(facts_of(error)) == set(ERRORS[told.name].facts)


def test_an_example_is_a_good_request(described: dict[str, Any]) -> None:
    for operation in OPERATIONS.values():
        told = described["paths"][f"/api/v1{operation.path}"][operation.method.lower()]
        if operation.method == GET:
            assert all(parameter["example"] for parameter in told["parameters"])
            continue
        for example in told["requestBody"]["content"]["application/json"]["examples"].values():
            assert read_object(json.dumps(example["value"]).encode(), operation.fields) == example["value"]


def test_an_example_is_a_good_answer(described: dict[str, Any]) -> None:
    for operation in OPERATIONS.values():
        told = described["paths"][f"/api/v1{operation.path}"][operation.method.lower()]["responses"]
        for status, answer in told.items():
            content = answer["content"]["application/json"]
            schema = content["schema"] | {"components": described["components"]}
            for name, example in content["examples"].items():
                assert is_valid(schema, example["value"]), (operation.path, status, name)


def test_scopes_are_told(described: dict[str, Any]) -> None:
    for operation in OPERATIONS.values():
        told = described["paths"][f"/api/v1{operation.path}"][operation.method.lower()]
        assert told["security"] == [{"key": [operation.scope.value]}]


def test_every_reason_and_fault_says_what_it_means(described: dict[str, Any]) -> None:
    told = described["components"]["schemas"]
    for words, member in (
        (REASONS, told["Decision"]["properties"]["reason"]),
        (FAULTS, told["Error"]["properties"]["fault"]),
    ):
        assert [f"- `{name}`: {meaning}" for name, meaning in words.items()] == member["description"].splitlines()
    assert (set(REASONS), set(FAULTS)) == (set(Reason), set(InputFault))
    page = (Path(__file__).parents[2] / "docs" / "bank-api.md").read_text()
    assert re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", page, re.MULTILINE)[-len(REASONS) :] == list(REASONS.items())
