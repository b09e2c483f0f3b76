"""Too many posts in a short time are told so (R15): by source, and by login ID from that source, nobody else."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Customer, WebSession
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import PASSWORD
from tests.fixtures.tokens import give_token, read_credential
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import BASE, Visitor
from web.flood import Allowance, FloodGuard
from web.portal_flood import NEWCOMERS, PER_LOGIN, PER_SOURCE

pytestmark = sqlite_only

SIGN_IN = "/portal/sign-in/dual"
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


def post(app: Flask, login_id: str, source: str = HERE, path: str = SIGN_IN) -> TestResponse:
    """A post without the form it should come from: refused (400) where it is looked at, at little cost."""
    sent = {"login_id": login_id, "password": "x"}
    return app.test_client().post(path, data=sent, base_url=BASE, environ_base={"REMOTE_ADDR": source})


def flood(app: Flask, login_id: str, source: str = HERE) -> None:
    for _ in range(PER_LOGIN.burst):
        assert post(app, login_id, source).status_code != 429


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ja", ("短い時間に送信が続きました", "2秒後から、また受け付けます。", "数えていません")),
        ("en", ("Too much was sent in a short time", "Time to wait: 2 s.", "does not count as a mistake")),
    ],
)
def test_the_page_tells_what_why_and_when(app: Flask, language: str, words: tuple[str, ...]) -> None:
    flood(app, "taro")
    browser = Visitor(app)
    browser.client.set_cookie("kagiya-language", language, domain="localhost")
    environment = {"REMOTE_ADDR": HERE}
    answer = browser.client.post(SIGN_IN, data={"login_id": "taro"}, base_url=BASE, environ_base=environment)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "2"
    assert "BER001" in answer.text
    assert all(word in answer.text for word in words)


def test_after_the_wait_it_is_taken_again(app: Flask, clock: MovableClock) -> None:
    flood(app, "taro")
    wait_s = int(post(app, "taro").headers["Retry-After"])
    clock.advance(seconds=wait_s)
    assert post(app, "taro").status_code != 429
    assert post(app, "taro").status_code == 429


def test_a_flood_from_elsewhere_keeps_no_customer_out(app: Flask, customer_a: Customer, sign_in: SignIn) -> None:
    flood(app, customer_a.login_id, ELSEWHERE)
    assert post(app, customer_a.login_id, ELSEWHERE).status_code == 429
    assert sign_in(customer_a).path == "/portal/"


def test_a_flood_on_one_login_id_leaves_the_others_of_the_house(app: Flask) -> None:
    flood(app, "taro")
    assert post(app, "TARO ").status_code == 429
    assert post(app, "hanako").status_code != 429


def test_whoever_tries_ever_new_login_ids_is_stopped_as_a_source(app: Flask) -> None:
    for number in range(PER_SOURCE.burst):
        assert post(app, f"somebody{number}").status_code != 429
    assert post(app, "taro").status_code == 429
    assert post(app, "taro", path="/portal/token/release/").status_code == 429
    assert app.test_client().get("/portal/sign-in/dual", base_url=BASE).status_code == 200
    assert post(app, "taro", ELSEWHERE).status_code != 429


def test_a_network_is_one_source_where_everybody_has_many_addresses(app: Flask) -> None:
    for number in range(PER_LOGIN.burst):
        assert post(app, "taro", f"2001:db8:1:2::{number:x}").status_code != 429
    assert post(app, "taro", "2001:db8:1:2:ffff::1").status_code == 429
    assert post(app, "taro", "2001:db8:1:3::1").status_code != 429


def test_what_was_not_taken_counts_as_no_mistake(
    app: Flask, services: Services, customer_a: Customer, sign_in: SignIn, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    browser = sign_in(customer_a)
    browser.get("/portal/token/activate/")
    form = browser.form("/portal/token/activate/")
    for number in range(PER_SOURCE.burst):
        post(app, f"somebody{number}", "127.0.0.1")
    refused = browser.post("/portal/token/activate/", form | {"otp": token.wrong(clock())})
    assert refused.answer.status_code == 429
    assert read_credential(services, token).failures == 0
    clock.advance(seconds=5)
    assert browser.post("/portal/token/activate/", form | {"otp": token.code(clock())}).path.endswith("/done")
    assert read_credential(services, token).state is CredentialState.ACTIVE


def test_whoever_brings_no_session_cannot_fill_the_table_with_new_ones(
    app: Flask, services: Services, clock: MovableClock, customer_a: Customer, sign_in: SignIn
) -> None:
    inside = sign_in(customer_a)
    before = sessions(services)
    app.extensions[NEWCOMERS] = FloodGuard(Allowance(burst=5, per_s=1.0))

    def come(source: str, cookie: str = "") -> int:
        stranger = app.test_client()
        stranger.set_cookie("__Host-kagiya-customer", cookie, domain="localhost", secure=True)
        return stranger.get(SIGN_IN, base_url=BASE, environ_base={"REMOTE_ADDR": source}).status_code

    assert [come(HERE, cookie="x" * number) for number in range(20)] == [200] * 5 + [429] * 15
    assert sessions(services) == before + 5
    assert come(ELSEWHERE) == 200
    inside.client.environ_base |= {"REMOTE_ADDR": HERE}
    assert inside.get("/portal/").page.status_code == 200, "who is signed in begins none"
    clock.advance(seconds=1)
    assert [come(HERE), come(HERE)] == [200, 429]


def test_a_session_keeps_no_more_than_people_type(app: Flask, services: Services) -> None:
    browser = Visitor(app).get(SIGN_IN)
    browser.submit(SIGN_IN, login_id="x" * 60_000, password="x")
    assert (browser.path, "BLG001" in browser.page.text) == (SIGN_IN, True)
    with services.store.read() as tx:
        assert all(len(str(row.state)) < 2_000 for row in tx.scalars(select(WebSession)))


def sessions(services: Services) -> int:
    with services.store.read() as tx:
        return len(tx.scalars(select(WebSession)).all())


def test_password_tries_of_a_person_are_far_below(app: Flask, customer_a: Customer) -> None:
    browser = Visitor(app).get(SIGN_IN)
    for _ in range(3):
        browser.submit(SIGN_IN, login_id=customer_a.login_id, password="wrong")
        assert browser.page.status_code == 200
    browser.submit(SIGN_IN, login_id=customer_a.login_id, password=PASSWORD)
    assert browser.path == "/portal/"


def test_the_consoles_sign_in_is_limited_too(app: Flask) -> None:
    fallback = "/staff/sign-in/fallback"

    def typed(number: str) -> int:
        return app.test_client().post(fallback, data={"number": number}, base_url=BASE).status_code

    assert {typed("12345678") for _ in range(PER_LOGIN.burst)} == {400}
    assert (typed("12345678"), typed("87654321")) == (429, 400)
    answers = [post(app, "", path="/staff/sign-in/options").status_code for _ in range(PER_SOURCE.burst + 1)]
    assert (set(answers[:-1]), answers[-1]) == ({400}, 429)
