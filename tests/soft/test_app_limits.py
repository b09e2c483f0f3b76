"""How many wrong proofs a day are looked at, by customer, source and service, and what malformed requests get."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from pytest_mock import MockerFixture
from sqlalchemy import select

from provisioning.errors import ProofRefused, TooManyToday
from provisioning.jobs.app_begin import AppBeginCommand, app_begin
from provisioning.jobs.app_complete import AppCompleteCommand, app_complete
from provisioning.jobs.expire_tickets import expire_tickets
from provisioning.jobs.forget_nonces import forget_nonces
from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.rules.app_proof import AppKey, to_base64url
from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.store.tables import ActivationCount, Customer, SpentNonce
from tests.fixtures.databases import listening, sqlite_only
from tests.fixtures.people import add_customer
from tests.soft.conftest import app_for
from tests.soft.independent_client import IndependentClient, Refused
from tests.soft.issuing import facts, issue, ticket
from tests.soft.serving import MovableClock, Served
from web.app import create_app

# the generator of P-256: any point will do where the proof is wrong anyway
_POINT = AppKey("axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY", "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU")


MALFORMED: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({"service_id": "1011223"}, "service_id", "bad_form"),
    ({"service_id": "１０１１２２３１"}, "service_id", "bad_form"),
    ({"service_id": " 10112231"}, "service_id", "bad_form"),
    ({"service_id": ""}, "service_id", "missing"),
    ({"service_id": 10112231}, "service_id", "bad_form"),
    ({"user_id": " "}, "user_id", "missing"),
    ({"user_id": "x" * 65}, "user_id", "bad_form"),
    ({"user_id": "12\u0000"}, "user_id", "bad_form"),
    ({"user_id": "\ud800"}, "user_id", "bad_form"),
    ({"user_id": None}, "user_id", "bad_form"),
    ({"app_nonce": "AAAA"}, "app_nonce", "wrong_length"),
    ({"app_nonce": "あ"}, "app_nonce", "bad_form"),
    ({"mac": "A" * 42 + "B"}, "mac", "bad_form"),
    ({"mac": "AAAA"}, "mac", "wrong_length"),
    ({"origin": ""}, "origin", "bad_form"),
    ({"origin": "\ud800"}, "origin", "bad_form"),
    ({"app_key": "x"}, "app_key", "bad_form"),
    ({"app_key": {"kty": "EC", "crv": "P-256", "x": "AA"}}, "y", "missing"),
    ({"app_key": {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}}, "app_key", "not_offered"),
    ({"app_key": {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}}, "app_key", "bad_form"),
    ({"app_key": {"kty": "EC", "crv": "P-256", "x": "\ud800", "y": "AA"}}, "app_key", "bad_form"),
    ({"otp": "12345678"}, "otp", "unknown_field"),
    ({"Otp<script>": "1"}, "body", "unknown_field"),
]


@pytest.fixture
def few(services: Services) -> Services:
    """Limits that are reached quickly."""
    app = replace(
        services.settings.app, wrong_a_day_per_customer=6, wrong_a_day_per_source=8, wrong_a_day_per_service=12
    )
    return replace(services, settings=replace(services.settings, app=app))


def guess(services: Services, clock: MovableClock, user_id: str, source: str = "203.0.113.1") -> str:
    """One wrong proof; the name of what came of it."""
    nonce = app_begin(services, AppBeginCommand("10112231", user_id), clock()).nonce
    blank = to_base64url(bytes(32))
    command = AppCompleteCommand("10112231", user_id, nonce, blank, "https://otp.example", _POINT, blank, source)
    try:
        app_complete(services, command, clock())
    except (ProofRefused, TooManyToday) as error:
        return type(error).__name__
    return "accepted"


def sources() -> Iterator[str]:
    return (f"203.0.113.{number}" for number in range(1, 255))


def test_a_customers_day_is_full_whether_or_not_there_is_such_a_customer(
    few: Services, clock: MovableClock
) -> None:
    source = sources()
    seen = [guess(few, clock, "999999999999", next(source)) for _ in range(8)]
    assert seen == ["ProofRefused"] * 6 + ["TooManyToday"] * 2
    assert guess(few, clock, "999999999998", next(source)) == "ProofRefused"
    assert [(told["subject"], told["alert"]) for told in facts(few, "app_complete", "day_full")] == [
        ("customer", False)
    ]


def test_one_source_cannot_go_on_with_other_customers(few: Services, clock: MovableClock) -> None:
    seen = [guess(few, clock, f"99999999{number:04}") for number in range(10)]
    assert seen == ["ProofRefused"] * 8 + ["TooManyToday"] * 2
    assert guess(few, clock, "999999999999", "203.0.113.2") == "ProofRefused"


def test_an_ipv6_subscriber_is_one_source(few: Services, clock: MovableClock) -> None:
    seen = [guess(few, clock, f"99999999{number:04}", f"2001:db8:0:1::{number:x}") for number in range(10)]
    assert seen == ["ProofRefused"] * 8 + ["TooManyToday"] * 2
    assert guess(few, clock, "999999999999", "2001:db8:0:2::1") == "ProofRefused"


def test_sources_that_a_socket_for_both_names_in_ipv6_are_not_one(few: Services, clock: MovableClock) -> None:
    seen = [guess(few, clock, f"99999999{number:04}", f"::ffff:203.0.113.{number}") for number in range(10)]
    assert seen == ["ProofRefused"] * 10


def test_spraying_one_password_over_a_service_ends(
    few: Services, clock: MovableClock, mocker: MockerFixture
) -> None:
    log = mocker.patch("provisioning.jobs.alert._log")
    source = sources()
    seen = [guess(few, clock, f"99999999{number:04}", next(source)) for number in range(14)]
    assert seen == ["ProofRefused"] * 12 + ["TooManyToday"] * 2
    assert [(told["subject"], told["alert"]) for told in facts(few, "app_complete", "day_full")] == [
        ("service", True)
    ]
    log.warning.assert_called_once_with("alert", what="day_full", institution="dual")


def test_a_full_day_ends_at_midnight_in_japan(few: Services, clock: MovableClock) -> None:
    source = sources()
    for _ in range(7):
        guess(few, clock, "999999999999", next(source))
    clock.advance(hours=11, minutes=59, seconds=59)
    assert guess(few, clock, "999999999999", next(source)) == "TooManyToday"
    clock.advance(seconds=1)
    assert guess(few, clock, "999999999999", next(source)) == "ProofRefused"


@sqlite_only
def test_tries_on_a_full_day_leave_the_ticket_alone(few: Services, clock: MovableClock) -> None:
    customers = [add_customer(few, f"12345678{number:04}") for number in range(3)]
    issued = [issue(few, customer, clock()) for customer in customers]
    for one in issued:
        for _ in range(5):
            guess(few, clock, one.user_id)
    assert [ticket(few, one.credential_id).attempts for one in issued] == [5, 3, 0]


def test_a_wrong_proof_asks_the_database_the_same_for_everybody(
    services: Services, customer_a: Customer, customer_b: Customer, clock: MovableClock
) -> None:
    issue(services, customer_a, clock())
    asked: list[str] = []

    def statements(user_id: str) -> list[str]:
        asked.clear()
        assert guess(services, clock, user_id) == "ProofRefused"
        return list(asked)

    with listening(services.store, "before_cursor_execute", lambda *facts: asked.append(facts[2])):
        waiting = statements(customer_a.user_id)
        assert len(waiting) > 5
        assert statements(customer_b.user_id) == waiting
        assert statements("999999999999") == waiting


@sqlite_only
def test_right_proofs_cost_nothing(server: Served, clock: MovableClock) -> None:
    for number in range(25):
        customer = add_customer(server.services, f"12345678{number:04}")
        app = app_for(server, issue(server.services, customer, clock()))
        for _ in range(2):  # and once more, as after a cut line
            app.set_up()
        clock.advance(minutes=1)
    with server.services.store.read() as session:
        assert set(session.scalars(select(ActivationCount.failures))) == {0}


@sqlite_only
def test_old_counts_and_nonces_are_forgotten(few: Services, clock: MovableClock) -> None:
    guess(few, clock, "999999999999")
    clock.advance(days=4)
    expire_tickets(few, clock())
    forget_nonces(few, clock())
    with few.store.read() as session:
        assert session.scalars(select(ActivationCount)).all() == []
        assert session.scalars(select(SpentNonce)).all() == []


@sqlite_only
def test_a_flood_is_told_to_wait(server: Served, client: IndependentClient) -> None:
    statuses = [httpx.get(server.url("/api/app/v1/time"), timeout=30).status_code for _ in range(62)]
    assert statuses[:60] == [200] * 60
    assert statuses[60:] == [429] * 2
    with pytest.raises(Refused) as caught:
        client.begin()
    assert caught.value.body == {"error": "too_many_requests"}


def well_formed(client: IndependentClient) -> dict[str, Any]:
    return client.request(client.begin())


@pytest.mark.parametrize(("change", "field", "fault"), MALFORMED)
@sqlite_only
def test_malformed_members_are_named_and_count_nothing(
    server: Served, issued: IssuedSoft, client: IndependentClient, change: dict[str, Any], field: str, fault: str
) -> None:
    answer = httpx.post(
        server.url("/api/app/v1/complete"),
        content=json.dumps(well_formed(client) | change),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()) == (422, {"error": "bad_input", "field": field, "fault": fault})
    assert ticket(server.services, issued.credential_id).attempts == 0
    with server.services.store.read() as session:
        assert session.scalars(select(SpentNonce)).all() == []


def test_the_document_names_these_faults_and_no_others() -> None:
    document = (Path(__file__).parents[2] / "docs" / "app-protocol.md").read_text(encoding="utf-8")
    told = re.search(r"`fault`: ([`a-z_, ]+) \|", document)
    assert told is not None
    assert set(re.findall(r"\w+", told.group(1))) == {fault for _, _, fault in MALFORMED}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"[" * 8000, "application/json", 422),
        (b'{"service_id": "10112231", "service_id": "10112231", "user_id": "1"}', "application/json", 422),
        (b'{"service_id": "10112231", "user_id": "1"}', "text/plain", 422),
        (b'{"service_id": "10112231", "user_id": "\xff"}', "application/json", 422),
        (b" " * 8193, "application/json", 413),
    ],
)
@sqlite_only
def test_a_body_that_is_no_request_is_refused(server: Served, body: bytes, kind: str, status: int) -> None:
    answer = httpx.post(server.url("/api/app/v1/begin"), content=body, headers={"Content-Type": kind})
    assert answer.status_code == status


@sqlite_only
def test_a_body_that_does_not_say_how_long_it_is_may_be_no_longer(services: Services, clock: MovableClock) -> None:
    phone = create_app(services, ALL_ROLES, clock).test_client()
    ids = json.dumps({"service_id": "10112231", "user_id": "123456780001"}).encode()
    for padding, status in ((0, 200), (8192, 413)):
        answer = phone.post(
            "/api/app/v1/begin",
            base_url="https://localhost",
            content_type="application/json",
            input_stream=BytesIO(ids + b" " * padding),
            environ_overrides={"wsgi.input_terminated": True},
        )
        assert answer.status_code == status


@sqlite_only
def test_a_missing_member_is_named(server: Served, client: IndependentClient) -> None:
    request = well_formed(client)
    for name in request:
        rest = {key: value for key, value in request.items() if key != name}
        answer = httpx.post(server.url("/api/app/v1/complete"), json=rest)
        assert answer.json() == {"error": "bad_input", "field": name, "fault": "missing"}


@sqlite_only
def test_a_clock_that_went_back_refuses(server: Served, client: IndependentClient, clock: MovableClock) -> None:
    client.begin()
    server.services.clock.check(clock() + timedelta(hours=1))
    with pytest.raises(Refused) as caught:
        client.set_up()
    assert (caught.value.status, caught.value.body["error"]) == (503, "unavailable")
