"""Unique secrets are sent down every path, at the most talkative level; log and answers are read (R10, R52)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import structlog
from flask import Flask
from sqlalchemy import text
from werkzeug.routing import BuildError, Rule
from werkzeug.test import Client

from provisioning import logs
from provisioning.cli.request_log import RequestLog
from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, PASSWORD
from web import catalogues
from web.app import create_app

OTP = "83920571"
WIDE_OTP = "８３９２０５７１"
PIN = "715304"
ADDRESS = "canary-of-the-mine@mihon.example"
BEARER = "canary_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6"
SEED = "3132333435363738393031323334353637383930"
BASE32_SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
SECRETS = (OTP, WIDE_OTP, PIN, ADDRESS, BEARER, SEED, BASE32_SEED, PASSWORD, CONFIRMATION_PASSWORD)
FIELDS: dict[str, str] = {
    "otp": OTP,
    "otp1": OTP,
    "otp2": WIDE_OTP,
    "code": OTP,
    "codes": WIDE_OTP,
    "first": OTP,
    "second": WIDE_OTP,
    "password": PASSWORD,
    "confirmation_password": CONFIRMATION_PASSWORD,
    "activation_password": PIN,
    "activation_password_again": PIN,
    "mail_address": ADDRESS,
    "mail_address_again": ADDRESS,
    "seed": SEED,
    "secret": BASE32_SEED,
    "service_id": "10112231",
    "user_id": "123456780001",
    "login_id": "login0001",
}


@pytest.fixture(autouse=True)
def _english() -> None:
    catalogues.compile_all()


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Everything this process logs, as production writes it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    logs.configure("debug", written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def app(services: Services, now: datetime) -> Flask:
    app = create_app(services, ALL_ROLES, lambda: now)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def found(log: str) -> list[str]:
    """Secrets in a log or an answer, as written or in JSON's own letters."""
    return [secret for secret in SECRETS if secret in log or json.dumps(secret)[1:-1] in log]


def addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """Method and path of every route, a secret for each part of the path that varies."""
    for rule in app.url_map.iter_rules():
        for secret in (OTP, BEARER) if rule.arguments else (OTP,):
            for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "DELETE"}):
                yield method, _path(app, rule, secret)


def _path(app: Flask, rule: Rule, secret: str) -> str:
    values: dict[str, Any] = dict.fromkeys(rule.arguments, secret)
    try:
        return app.url_map.bind("localhost").build(rule.endpoint, values, append_unknown=False)
    except (BuildError, ValueError):
        return app.url_map.bind("localhost").build(rule.endpoint, dict.fromkeys(rule.arguments, 1))


def send_everything(app: Flask) -> list[list[str]]:
    """Every route with every secret, by query, form, JSON, junk, header and cookie; what each answer repeats.

    But for the address that was asked for: a page's choice of languages leads to where one is.
    """
    client = Client(RequestLog(app))
    client.set_cookie("__Host-kagiya-staff", BEARER)
    client.set_cookie("__Host-kagiya-customer", BEARER)
    answers = []
    for method, path in addresses(app):
        for authorization in (f"Bearer {BEARER}", f'Kagiya-Station id="{OTP}", signature="{BEARER}"'):
            common: dict[str, Any] = {
                "base_url": "https://localhost",
                "query_string": {"q": ADDRESS, "otp": OTP},
                "headers": {"Authorization": authorization, "Referer": f"https://localhost/?{BEARER}"},
                "method": method,
            }
            for body in (
                {"data": FIELDS},
                {"json": FIELDS},
                {"data": f'{{"otp": "{OTP}", ', "content_type": "application/json"},
            ):
                answer = client.open(path, **common, **(body if method != "GET" else {}))
                asked_for = found(f"{path} {OTP} {ADDRESS}")
                answers.append([secret for secret in found(answer.text) if secret not in asked_for])
                answer.close()
    return answers


@sqlite_only
def test_no_route_logs_or_repeats_a_secret(app: Flask, stream: io.StringIO, customer_a: Customer) -> None:
    answers = send_everything(app)
    log = stream.getvalue()
    lines = [json.loads(line) for line in log.splitlines()]
    assert len([line for line in lines if line["event"] == "answered"]) == len(answers) > 200
    assert customer_a.id
    assert found(log) == []
    assert not any(answers)


def test_a_broken_database_does_not_tell_what_it_was_asked(
    app: Flask, services: Services, stream: io.StringIO, customer_a: Customer
) -> None:
    with services.store.write() as tx:
        for table in ("audit_entry", "web_session", "staff", "station", "bank_client"):
            tx.execute(text(f"ALTER TABLE {table} RENAME TO {table}_away"))
    answers = send_everything(app)
    log = stream.getvalue()
    assert [line for line in log.splitlines() if json.loads(line).get("status", 0) >= 500]
    assert found(log) == []
    assert not any(answers)


def test_the_search_does_find(stream: io.StringIO) -> None:
    logging.getLogger("some.library").info("x")
    stream.write(f'{{"event": "{PIN}"}}\n' + json.dumps({"event": WIDE_OTP}))
    assert found(stream.getvalue()) == [WIDE_OTP, PIN]
