"""Headers and cookies of every answer: each role by itself, every page that somebody signed in is led to, and
every way in which the server says no (R54, R59). What strangers get of all roles together is in tests/portal.
"""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from provisioning.rules.permissions import StaffRole
from provisioning.rules.roles import SHOWS_PAGES, Role
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import PASSWORD, add_customer, add_fob
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock
from tests.portal.crawl import pages_met
from tests.portal.test_every_route import address, check_headers, rules
from tests.portal.visitor import BASE, Visitor
from tests.staff.conftest import AtDesk
from web.app import create_app

pytestmark = sqlite_only

_HANDLER = re.compile(r"<[^>]+\son[a-z]+=", re.IGNORECASE)
_METHODS = ("GET", "POST", "PUT", "HEAD")


def check_page(answer: TestResponse, path: str) -> None:
    """Headers; each script carries the nonce of this very answer, and no tag brings script or style of its own."""
    check_headers(answer, path)
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy, path
    for cookie in answer.headers.getlist("Set-Cookie"):
        check_cookie(cookie, path)
    if answer.mimetype != "text/html":
        assert "script-src" not in policy or "/app/" in path, path
        return
    scripts = re.findall(r"<script[^>]*>", answer.text)
    nonce = re.search(r"'nonce-([\w-]{20,})'", policy)
    if nonce is None:  # the app's page is a file, kept for use without a network: files of ours alone
        assert "/app/" in path
        assert "script-src 'self';" in policy
        assert all(" src=" in script for script in scripts), path
    else:
        assert all(f'nonce="{nonce[1]}"' in script for script in scripts), path
    assert " style=" not in answer.text, path
    assert "javascript:" not in answer.text, path
    assert not _HANDLER.search(answer.text), path


def check_cookie(cookie: str, path: str) -> None:
    """Over TLS only, out of the scripts' reach; what stands for somebody is bound to this host, too."""
    assert "Secure" in cookie, (path, cookie)
    assert "HttpOnly" in cookie, (path, cookie)
    assert "SameSite=" in cookie, (path, cookie)
    if "kagiya-staff" in cookie or "kagiya-customer" in cookie:
        assert cookie.startswith("__Host-"), (path, cookie)
        assert "SameSite=Strict" in cookie, (path, cookie)
        assert "Domain=" not in cookie, (path, cookie)


@pytest.mark.parametrize("role", Role)
def test_each_role_by_itself(services: Services, clock: MovableClock, role: Role) -> None:
    app = create_app(services, {role}, clock)
    client = app.test_client()
    paths = {address(rule) for method in ("GET", "POST") for rule in rules(app, method)} | {"/nowhere"}
    for path in sorted(paths):
        for method in _METHODS:
            answer = client.open(path, method=method, base_url=BASE, buffered=True)
            assert answer.status_code != 500, (method, path)
            check_page(answer, f"{method} {path}")
    assert role in SHOWS_PAGES or client.get("/nowhere", base_url=BASE).is_json
    # without a key for forms Flask looks for no session in a program's call
    assert (app.secret_key is not None) == (role in SHOWS_PAGES)


@pytest.mark.parametrize("role", StaffRole)
def test_every_page_of_the_staff(
    services: Services, clock: MovableClock, at_desk: AtDesk, role: StaffRole
) -> None:
    customers = [add_customer(services, f"12345678000{number}") for number in range(3)]
    for customer, state in zip(customers[1:], (CredentialState.ACTIVE, CredentialState.SUSPENDED), strict=True):
        give_token(services, customer, clock(), state)
    add_fob(services, "KF-000009")
    browser = at_desk(role=role)
    assert browser.client.get_cookie("__Host-kagiya-staff") is not None
    starts = [
        "/staff/",
        *(f"/staff/customers/{one.id}/" for one in customers),
        "/staff/stock/",
        "/staff/stations/",
    ]
    seen = 0
    for page in pages_met(browser, *starts):
        check_page(browser.page, page)
        assert browser.page.headers["Cache-Control"] == "no-store", page
        seen += 1
    assert seen > 2


def test_every_page_of_a_customer(
    app: Flask, services: Services, clock: MovableClock, customer_a: Customer
) -> None:
    token = give_token(services, customer_a, clock())
    browser = Visitor(app).get("/portal/sign-in/dual")
    check_page(browser.page, browser.path)
    browser.submit(browser.path, login_id=customer_a.login_id, password=PASSWORD)
    check_page(browser.answer, browser.path)
    browser.submit("/portal/sign-in-code", otp=token.code(clock()))
    check_page(browser.answer, browser.path)
    for page in pages_met(browser, "/portal/"):
        check_page(browser.page, page)
        assert browser.page.headers["Cache-Control"] == "no-store", page


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/portal/nowhere", {}, 404),
        ("/api/v1/nowhere", {}, 404),
        ("/portal/sign-in/dual", {"method": "PUT"}, 405),
        ("/portal/sign-in/dual", {"method": "POST", "data": {"login_id": "x" * 100_000}}, 413),
        ("/api/app/v1/begin", {"method": "POST", "data": b"{", "content_type": "application/json"}, 422),
        ("/api/station/v1/poll", {"method": "POST", "data": b"{}"}, 401),
        ("/api/v1/verify", {"method": "POST", "data": b"{}"}, 401),
        ("/portal/%00", {}, 404),
    ],
)
def test_every_no(app: Flask, path: str, options: dict[str, object], status: int) -> None:
    answer = app.test_client().open(path, base_url=BASE, buffered=True, **options)  # type: ignore[arg-type]
    assert answer.status_code == status
    check_page(answer, path)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_broken_database(app: Flask, services: Services, at_desk: AtDesk) -> None:
    browser = at_desk()
    with services.store.write() as tx:
        for table in ("customer", "credential", "fob", "bank_client", "web_session"):
            tx.execute(text(f"ALTER TABLE {table} RENAME TO {table}_away"))
    statuses = set()
    for path in ("/staff/", "/portal/sign-in/dual", "/staff/search/?q=x", "/readyz"):
        answer = browser.client.get(path, base_url=BASE, buffered=True)
        statuses.add(answer.status_code)
        check_page(answer, path)
    assert statuses & {500, 503}
