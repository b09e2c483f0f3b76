"""Typed errors at the face: status, words for people, JSON for programs; what broke is not shown (R71)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Blueprint, Flask, session

from provisioning.cli.request_log import RequestLog
from provisioning.errors import (
    AlreadyTaken,
    BadInput,
    ClockUntrusted,
    CommitUnanswered,
    InputFault,
    NotFound,
    StoreFault,
    StoreUnavailable,
    TooEarly,
    VaultError,
    WrongState,
)
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import NOON
from tests.portal.conftest import SignIn
from tests.portal.visitor import BASE

pytestmark = sqlite_only

ERRORS = {
    "bad_input": (BadInput("otp", InputFault.NOT_DIGITS), 422, {"field": "otp", "fault": "not_digits"}),
    "not_found": (NotFound("fob"), 404, {"what": "fob"}),
    "wrong_state": (WrongState("fob", "lost"), 409, {"what": "fob", "state": "lost"}),
    "already_taken": (AlreadyTaken("slot"), 409, {"what": "slot"}),
    "too_early": (TooEarly(NOON + timedelta(hours=12)), 409, {"until": "2026-11-20T15:00:00+00:00"}),
    "unavailable": (StoreUnavailable(StoreFault.LOCKED), 503, {}),
    "outcome_unknown": (CommitUnanswered(StoreFault.UNREACHABLE), 409, {}),
    "internal": (RuntimeError("seed 12345"), 500, {}),
}


@pytest.fixture
def app(app: Flask) -> Flask:
    """With pages that fail in every way."""
    broken = Blueprint("broken", __name__)

    @broken.get("/broken/<name>")
    @broken.get("/api/broken/<name>")
    def fail(name: str) -> str:
        raise ERRORS[name][0]

    app.register_blueprint(broken)
    return app


@pytest.mark.parametrize("name", ERRORS)
def test_a_page_tells_what_why_and_what_now(app: Flask, name: str) -> None:
    _, status, _ = ERRORS[name]
    page = app.test_client().get(f"/broken/{name}", base_url=BASE)
    assert page.status_code == status
    assert page.text.count("<p") >= 2
    assert "12345" not in page.text
    assert "BER001" in page.text


def test_what_is_our_fault_is_found_again_by_its_number(app: Flask) -> None:
    app.wsgi_app = RequestLog(app.wsgi_app)  # type: ignore[method-assign]
    for name in ERRORS:
        page = app.test_client().get(f"/broken/{name}", base_url=BASE)
        is_ours = name in {"internal", "unavailable", "outcome_unknown"}
        assert (page.headers["X-Request-Id"] in page.text) is is_ours, name


def test_the_way_on_leads_to_where_the_reader_was(app: Flask) -> None:
    for area in ("/portal/", "/staff/"):
        assert f'class="button button--main" href="{area}"' in app.test_client().get(f"{area}nowhere").text


@pytest.mark.parametrize("name", ERRORS)
def test_a_program_gets_json(app: Flask, name: str) -> None:
    _, status, facts = ERRORS[name]
    answer = app.test_client().get(f"/api/broken/{name}", base_url=BASE)
    assert answer.status_code == status
    assert answer.json == {"error": name, **facts}


def test_when_it_will_be_possible_is_told_in_japans_time(app: Flask) -> None:
    page = app.test_client().get("/broken/too_early", base_url=BASE)
    assert "2026年11月21日 00:00" in page.text


@pytest.mark.parametrize("error", [VaultError(), ClockUntrusted()])
def test_a_vault_or_clock_that_fails_is_unavailable(
    app: Flask, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ERRORS, "unavailable", (error, 503, {}))
    assert app.test_client().get("/broken/unavailable", base_url=BASE).status_code == 503


@contextmanager
def locked(services: Services) -> Iterator[None]:
    """Another program holds the write lock."""
    file = services.settings.store.url.removeprefix("sqlite:///")
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    yield
    connection.execute("ROLLBACK")
    connection.close()


def test_a_locked_database_refuses_and_half_writes_nothing(
    sign_in: SignIn, customer_a: Customer, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in(customer_a).get("/portal/token/hard/")
    monkeypatch.setattr("provisioning.store.turns.BUSY_TIMEOUT_S", 0.05)
    with locked(services):
        browser.submit("/portal/token/hard/")
        assert browser.page.status_code == 503
        assert "何も変更されていません" in browser.text
    assert browser.get("/portal/token/hard/done").path == "/portal/token/"
    browser.get("/portal/token/hard/").submit("/portal/token/hard/")
    assert browser.path == "/portal/token/hard/done"


@pytest.mark.parametrize(
    ("method", "answered", "status"), [("POST", 303, 409), ("POST", 422, 503), ("GET", 200, 503)]
)
def test_where_only_the_session_cannot_be_kept_nobody_says_that_nothing_was_changed(
    app: Flask, monkeypatch: pytest.MonkeyPatch, method: str, answered: int, status: int
) -> None:
    def keep(*_: object) -> str:
        raise StoreUnavailable(StoreFault.FULL)

    @app.route("/portal/acted", methods=[method])
    def act() -> tuple[str, int]:
        session["done"] = True
        return "", answered

    app.config["WTF_CSRF_ENABLED"] = False
    monkeypatch.setattr("web.sessions.jobs.open_session", keep)
    page = app.test_client().open("/portal/acted", method=method, base_url=BASE)
    assert page.status_code == status
    assert ("何も変更されていません" in page.text) == (status == 503)
