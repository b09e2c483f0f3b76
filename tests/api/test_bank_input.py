"""What the bank API refuses for its form: the member is named, and nothing is counted."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from provisioning.store.tables import Credential, Customer
from tests.api.bank import SOFT, Bank
from tests.api.conftest import Served
from tests.fixtures.databases import sqlite_only
from tests.fobs.desk import PlainFob


@pytest.mark.parametrize(
    ("otp", "fault"),
    [
        ("１２３４５６７８", "not_digits"),
        ("1234 5678", "not_digits"),
        ("1234567", "wrong_length"),
        ("123456789", "wrong_length"),
        ("abcdefgh", "not_digits"),
        ("", "missing"),
        (12345678, "bad_form"),
        (None, "bad_form"),
        ("12345\n78", "bad_form"),
        ("1" * 65, "wrong_length"),
    ],
)
def test_a_malformed_code_is_named_and_not_counted(bank: Bank, active: PlainFob, otp: object, fault: str) -> None:
    for _ in range(6):
        status, answer = bank.ask("/verify", otp=otp)
        assert (status, answer) == (422, {"error": "bad_input", "field": "otp", "fault": fault})
    assert bank.decide("/verify", otp=active.code(bank.served.at)) == ("accepted", None)


@pytest.mark.parametrize(
    ("path", "field", "more"),
    [
        ("/activate", "otp", {}),
        ("/release", "otp", {"confirmation_password": "Kakunin00"}),
        ("/resync", "first", {"second": "12345678"}),
        ("/resync", "second", {"first": "12345678"}),
    ],
)
@sqlite_only
def test_a_malformed_code_is_named_wherever_codes_are_taken(
    bank: Bank, active: PlainFob, path: str, field: str, more: dict[str, str]
) -> None:
    for typed in ("１２３４５６７８", "1234 5678", " 12345678", "1234567", "123456789", "abcdefgh", ""):
        status, answer = bank.ask(path, **{field: typed}, **more)
        assert (status, answer["error"], answer["field"]) == (422, "bad_input", field), typed
    with bank.served.services.store.read() as tx:
        assert tx.scalars(select(Credential.failures)).all() == [0]
        assert tx.scalars(select(Customer.confirmation_failures)).all() == [0]
    assert bank.state()["state"] == "active"


@pytest.mark.parametrize(
    ("change", "field", "fault"),
    [
        ({"service_id": "1011223"}, "service_id", "bad_form"),
        ({"service_id": "1011223１"}, "service_id", "bad_form"),
        ({"service_id": ""}, "service_id", "missing"),
        ({"user_id": ""}, "user_id", "missing"),
        ({"user_id": "   "}, "user_id", "missing"),
        ({"user_id": "a\u0000b"}, "user_id", "bad_form"),
        ({"user_id": "9" * 65}, "user_id", "wrong_length"),
        ({"user_id": ["1"]}, "user_id", "bad_form"),
        ({"purpose": "login"}, "purpose", "unknown_field"),
        ({"OTP ": "1"}, "body", "unknown_field"),
    ],
)
def test_a_malformed_member_is_named(bank: Bank, change: dict[str, object], field: str, fault: str) -> None:
    status, answer = bank.ask("/verify", **{"otp": "12345678", **change})
    assert (status, answer) == (422, {"error": "bad_input", "field": field, "fault": fault})


@pytest.mark.parametrize(
    ("address", "field", "fault"),
    [
        ("1011223/123456780001", "service_id", "bad_form"),
        ("10112231/%20", "user_id", "missing"),
        (f"10112231/{'9' * 65}", "user_id", "bad_form"),
    ],
)
def test_a_malformed_part_of_an_address_is_named(bank: Bank, address: str, field: str, fault: str) -> None:
    answer = bank.served.http.get(f"/api/v1/customers/{address}", headers=bank.headers)
    assert (answer.status_code, answer.json()) == (422, {"error": "bad_input", "field": field, "fault": fault})


@pytest.mark.parametrize("address", ["10112231/a%00b", "10112231/a%0Ab", "1011%002231/123456780001"])
def test_an_address_with_control_characters_leads_nowhere(bank: Bank, address: str) -> None:
    answer = bank.served.http.get(f"/api/v1/customers/{address}", headers=bank.headers)
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found"})


@pytest.mark.parametrize("missing", ["service_id", "user_id", "otp"])
def test_a_missing_member_is_named(bank: Bank, missing: str) -> None:
    body = {"service_id": bank.service_id, "user_id": bank.user_id, "otp": "12345678"}
    del body[missing]
    answer = bank.post("/verify", body)
    assert (answer.status_code, answer.json()["field"]) == (422, missing)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"12",
        b"{",
        b'{"otp": 1, "otp": 2}',
        b"\xff\xfe",
        b"[" * 30_000,
        b'{"a":NaN}',
        b'{"service_id":"10112231","user_id":"\\ud800","otp":"12345678"}',
    ],
)
def test_a_body_that_is_no_object_is_refused(served: Served, bank: Bank, body: bytes) -> None:
    answer = served.http.post("/api/v1/verify", content=body, headers=bank.headers)
    assert answer.status_code == 422
    assert answer.json()["error"] == "bad_input"


def test_a_body_too_large_is_refused(served: Served, bank: Bank) -> None:
    answer = served.http.post("/api/v1/verify", content=b" " * 70_000, headers=bank.headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("members", "field", "fault"),
    [
        ({}, "kind", "missing"),
        ({"kind": "paper"}, "kind", "not_offered"),
        ({"kind": "hard"}, "fob_serial", "missing"),
        ({"kind": "hard", "fob_serial": "KF1", "mail_address": "a@b.example"}, "mail_address", "unknown_field"),
        ({"kind": "soft"}, "mail_address", "missing"),
        ({**SOFT, "fob_serial": "KF1"}, "fob_serial", "unknown_field"),
        ({**SOFT, "mail_address": "no address"}, "mail_address", "bad_form"),
        ({**SOFT, "activation_password": "1111"}, "activation_password", "too_simple"),
        ({**SOFT, "activation_password": "1234"}, "activation_password", "too_simple"),
        ({**SOFT, "activation_password": "567800"}, "activation_password", None),
        ({**SOFT, "activation_password": "123"}, "activation_password", "wrong_length"),
        ({**SOFT, "language": "fr"}, "language", "not_offered"),
    ],
)
def test_a_malformed_issuance_is_named(bank: Bank, members: dict[str, str], field: str, fault: str | None) -> None:
    status, answer = bank.ask("/credentials", **members)
    assert (status, answer["field"]) == (422, field)
    assert fault in (None, answer["fault"])
    assert bank.state()["state"] == "none"
