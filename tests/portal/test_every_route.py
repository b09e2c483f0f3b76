"""Every route of the application, crawled: headers, CSRF, no third party, little JavaScript, quick (R59)."""

from __future__ import annotations

import re
import statistics
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from provisioning.rules.roles import Role
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import BASE, Visitor
from web.app import create_app

pytestmark = sqlite_only

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
POLICY = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action '")
PAGE_LIMIT_S = 0.050
JAVASCRIPT_LIMIT_BYTES = 30_000
PORTAL_PAGES = (
    "/portal/",
    "/portal/token/",
    "/portal/token/kind",
    "/portal/token/soft/",
    "/portal/token/hard/",
    "/portal/transfer/",
    "/portal/information/",
    "/portal/sign-in/",
    "/portal/nowhere",
)


def rules(app: Flask, method: str) -> list[Rule]:
    """Every rule that takes `method`."""
    return [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]


def address(rule: Rule) -> str:
    """An address under `rule`; its parts name nothing that exists."""
    return re.sub(r"<(?:[^:>]+:)?[^>]+>", "1", rule.rule)


def check_headers(response: TestResponse, path: str) -> None:
    """What every answer carries, good or bad."""
    for name, value in HEADERS.items():
        assert response.headers.get(name) == value, (path, name)
    assert response.headers["Strict-Transport-Security"].startswith("max-age="), path
    for part in POLICY:
        assert part in response.headers["Content-Security-Policy"], (path, part)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Nobody, over TLS."""
    return app.test_client()


def test_every_route_has_the_headers(app: Flask, client: FlaskClient) -> None:
    for rule in rules(app, "GET"):
        path = address(rule)
        response = client.get(path, base_url=BASE, buffered=True)
        check_headers(response, path)
        if rule.endpoint != "static" and not path.startswith("/app/"):
            assert response.headers["Cache-Control"] == "no-store", path


def test_every_refused_post_has_the_headers(app: Flask, client: FlaskClient) -> None:
    for rule in rules(app, "POST"):
        response = client.post(address(rule), base_url=BASE, buffered=True)
        assert response.status_code >= 300, rule
        check_headers(response, rule.rule)


def test_every_form_post_without_its_token_changes_nothing(
    app: Flask, sign_in: SignIn, customer_a: Customer
) -> None:
    browser = sign_in(customer_a)
    areas = ("/portal/", "/company/", "/staff/")
    posts = [address(rule) for rule in rules(app, "POST") if rule.rule.startswith(areas)]
    assert posts
    for path in posts:
        response = browser.client.post(path, base_url=BASE, buffered=True, headers={"Referer": BASE})
        refused = response.status_code == 400 or "sign-in" in response.headers.get("Location", "")
        assert refused, path


def test_every_portal_form_refuses_fields_it_lacks(app: Flask, sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a).get("/portal/token/hard/")
    csrf = browser.form("/portal/token/hard/")["csrf_token"]
    outside = {"/portal/sign-out", "/portal/sign-in/<institution_id>"}
    posts = [rule.rule for rule in rules(app, "POST") if rule.rule.startswith("/portal/")]
    for path in [*sorted(set(posts) - outside), "/portal/sign-in/dual", "/portal/sign-out"]:
        browser.post(path, {"csrf_token": csrf, "surprise": "1"})
        assert browser.answer.status_code == 422, path


def test_a_field_sent_twice_is_refused(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a).get("/portal/token/activate/").get("/portal/token/hard/")
    fields = [("csrf_token", browser.form("/portal/token/hard/")["csrf_token"]), ("otp", "1"), ("otp", "2")]
    headers = {"Referer": BASE}
    answer = browser.client.post("/portal/token/activate/", data=MultiDict(fields), base_url=BASE, headers=headers)
    assert answer.status_code == 422


def test_a_body_too_large_is_refused(client: FlaskClient) -> None:
    answer = client.post("/portal/sign-in/dual", data={"login_id": "x" * 100_000}, base_url=BASE)
    assert answer.status_code == 413
    assert "大きすぎます" in answer.text


@pytest.mark.parametrize("cookie", ["x", "x" * 4000, "é%00", ""])
def test_a_cookie_of_ones_own_making_is_nobodys(app: Flask, cookie: str) -> None:
    browser = Visitor(app)
    browser.client.set_cookie("__Host-kagiya-customer", cookie)
    assert browser.get("/portal/").path.startswith("/portal/sign-in")


def test_a_form_sent_from_elsewhere_is_refused(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a).get("/portal/token/hard/")
    fields = browser.form("/portal/token/hard/")
    foreign = {"Referer": "https://evil.example/"}
    answer = browser.client.post("/portal/token/hard/", data=fields, base_url=BASE, buffered=True, headers=foreign)
    assert answer.status_code == 400


def test_the_nonce_is_fresh_and_on_every_script(client: FlaskClient) -> None:
    nonces = set()
    for _ in range(3):
        response = client.get("/portal/sign-in/dual", base_url=BASE, buffered=True)
        nonce = re.search(r"'nonce-([\w-]+)'", response.headers["Content-Security-Policy"])
        assert nonce is not None
        nonces.add(nonce[1])
        scripts = re.findall(r"<script[^>]*>", response.text)
        assert scripts
        assert all(f'nonce="{nonce[1]}"' in script for script in scripts)
        assert " style=" not in response.text
        assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert len(nonces) == 3


def test_without_tls_no_hsts_and_no_host_prefix(app: Flask, customer_a: Customer) -> None:
    browser = Visitor(app, "http://localhost").get("/portal/sign-in/dual")
    assert "Strict-Transport-Security" not in browser.page.headers
    cookies = browser.answer.headers.getlist("Set-Cookie")
    assert any(cookie.startswith("kagiya-customer=") and "Secure" in cookie for cookie in cookies)


def test_a_role_serves_only_its_own(services: Services, clock: MovableClock) -> None:
    verifier = create_app(services, {Role.VERIFIER}, clock).test_client()
    assert verifier.get("/portal/", base_url=BASE, buffered=True).status_code == 404
    assert verifier.get("/", base_url=BASE, buffered=True).status_code == 404
    customer = create_app(services, {Role.CUSTOMER}, clock).test_client()
    assert customer.get("/staff/", base_url=BASE, buffered=True).status_code == 404


def test_a_static_file_is_kept_only_by_the_name_of_its_content(client: FlaskClient) -> None:
    page = client.get("/portal/sign-in/dual", base_url=BASE, buffered=True).text
    sheet = re.findall(r'href="(/static/css/page.css\?v=\w+)"', page)[0]
    assert "immutable" in client.get(sheet, base_url=BASE, buffered=True).headers["Cache-Control"]
    assert client.get("/static/css/page.css", base_url=BASE, buffered=True).headers["Cache-Control"] == "no-cache"


def test_pages_carry_little_javascript(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a)
    for path in PORTAL_PAGES:
        scripts = set(re.findall(r'<script[^>]*src="([^"]+)"', browser.get(path).page.text))
        size = sum(len(browser.client.get(script, base_url=BASE, buffered=True).data) for script in scripts)
        assert size <= JAVASCRIPT_LIMIT_BYTES, path


def test_pages_take_under_50_ms(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    plain = sign_in(customer_a)
    medians = {path: median_s(plain, path) for path in PORTAL_PAGES}
    token = give_token(services, customer_a, clock())
    holder = sign_in(customer_a, token.code(clock()))
    medians["/portal/token/release/"] = median_s(holder, "/portal/token/release/")
    assert statistics.median(medians.values()) < PAGE_LIMIT_S, medians


def median_s(browser: Visitor, path: str) -> float:
    """Median server time of a page, in seconds, once its template is compiled."""
    browser.get(path)
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        browser.client.get(path, base_url=BASE, buffered=True)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "\\\\evil.example", "/\\evil.example", "javascript:x"],
)
def test_the_language_switch_leads_nowhere_else(client: FlaskClient, elsewhere: str) -> None:
    response = client.get("/language/en", query_string={"next": elsewhere}, base_url=BASE, buffered=True)
    assert response.headers["Location"] == "/"


def test_an_unknown_language_is_not_found(client: FlaskClient) -> None:
    assert client.get("/language/xx", base_url=BASE, buffered=True).status_code == 404
