"""Login: who gets in, who is told what, and that refusals tell nothing (R09, R13, R37, R54, R55)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from flask import Flask

from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import PASSWORD, add_customer
from tests.fixtures.tokens import give_token, read_credential
from tests.fixtures.typed import full_width
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import Visitor

pytestmark = sqlite_only

SIGN_IN = "/portal/sign-in/dual"
CODE = "/portal/sign-in-code"
COOKIE = "__Host-kagiya-customer"


def bare(page: str) -> str:
    """A page without what differs by chance: tokens, nonces, and the login ID that is shown again."""
    return re.sub(r'(value|nonce|src)="[^"]*"', "", page)


def test_a_customer_without_token_needs_only_the_password(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a)
    assert browser.path == "/portal/"
    assert "まだご利用になっていません" in browser.text


def test_a_token_in_force_is_asked_for_on_the_next_page(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    browser = sign_in(customer_a)
    assert browser.path == CODE
    assert browser.get("/portal/token/").path == "/portal/sign-in/"
    browser.get(CODE).submit(CODE, otp=token.code(clock()))
    assert browser.path == "/portal/"


def test_who_takes_too_long_over_the_code_is_told_so(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    browser = sign_in(customer_a)
    clock.advance(minutes=5)
    browser.submit(CODE, otp=token.wrong(clock()))
    assert (browser.path, "5分がたったため" in browser.text) == (SIGN_IN, True)
    assert read_credential(services, token).failures == 0
    assert "5分がたったため" not in browser.get(SIGN_IN).text


def test_without_the_token_at_hand_the_page_says_what_to_do(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    give_token(services, customer_a, clock())
    page = sign_in(customer_a)
    assert (page.path, "なくした、盗まれたときは、すぐにご連絡ください" in page.text) == (CODE, True)


def test_a_login_id_is_read_as_it_is_meant(app: Flask, customer_a: Customer) -> None:
    browser = Visitor(app).get(SIGN_IN)
    typed = full_width(f" {customer_a.login_id} ")
    assert browser.submit(SIGN_IN, login_id=typed, password=PASSWORD).path == "/portal/"


def test_the_same_code_lets_nobody_in_twice(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    sign_in(customer_a, token.code(clock()))
    again = sign_in(customer_a, token.code(clock()))
    assert again.path == CODE
    assert "次の番号に変わるのを待って" in again.text
    assert read_credential(services, token).failures == 0


def test_unknown_and_wrong_get_the_same_answer(app: Flask, customer_a: Customer) -> None:
    pages = []
    for login_id in (customer_a.login_id, "nobody"):
        browser = Visitor(app).get(SIGN_IN)
        browser.submit(SIGN_IN, login_id=login_id, password="not this one")
        assert "正しくありません" in browser.text
        pages.append((browser.answer.status_code, bare(browser.page.text)))
    assert pages[0] == pages[1]


def test_wrong_and_used_codes_get_the_same_answer(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    sign_in(customer_a, token.code(clock()))
    used = sign_in(customer_a, token.code(clock()))
    wrong = sign_in(customer_a, token.wrong(clock()))
    assert bare(used.page.text) == bare(wrong.page.text)


def test_a_wrong_login_password_leaves_the_code_counter_alone(
    app: Flask, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    browser = Visitor(app).get(SIGN_IN)
    for _ in range(7):
        browser.submit(SIGN_IN, login_id=customer_a.login_id, password="not this one")
    assert read_credential(services, token).failures == 0
    assert read_credential(services, token).state is CredentialState.ACTIVE


@pytest.mark.parametrize(
    ("login_id", "password"), [("", ""), ("", PASSWORD), ("   ", PASSWORD), ("login0001", "")]
)
def test_blank_fields_are_named(app: Flask, customer_a: Customer, login_id: str, password: str) -> None:
    browser = Visitor(app).get(SIGN_IN)
    browser.submit(SIGN_IN, login_id=login_id, password=password)
    assert browser.path == SIGN_IN
    assert "を入力してください。" in browser.text


def test_wrong_codes_suspend_and_the_door_says_so(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    browser = sign_in(customer_a)
    for _ in range(5):
        browser.submit(CODE, otp=token.wrong(clock()))
    assert browser.path == SIGN_IN
    assert "ワンタイムパスワードの認証を停止しています" in browser.text
    assert "0120-000-001" in browser.text
    clock.advance(days=366)
    later = sign_in(customer_a)
    assert later.path == SIGN_IN
    assert "ワンタイムパスワードの認証を停止しています" in later.text


def test_a_suspension_ends_the_session_that_is_open(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    inside = sign_in(customer_a, token.code(clock()))
    clock.advance(minutes=1)
    outside = sign_in(customer_a)
    for _ in range(5):
        outside.submit(CODE, otp=token.wrong(clock()))
    inside.get("/portal/token/")
    assert inside.path == SIGN_IN
    assert "停止しています" in inside.text
    assert inside.get("/portal/").path == SIGN_IN


def test_the_suspended_door_needs_the_right_password(
    app: Flask, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    give_token(services, customer_a, clock(), CredentialState.SUSPENDED)
    browser = Visitor(app).get(SIGN_IN)
    browser.submit(SIGN_IN, login_id=customer_a.login_id, password="not this one")
    assert "停止しています" not in browser.text


def test_a_customer_of_another_institution_is_unknown_here(app: Flask, services: Services) -> None:
    stranger = add_customer(services, "ABC0009", "other")
    browser = Visitor(app).get(SIGN_IN)
    browser.submit(SIGN_IN, login_id=stranger.login_id, password=PASSWORD)
    assert browser.path == SIGN_IN
    assert "正しくありません" in browser.text


def test_an_institution_that_is_not_there(visitor: Visitor) -> None:
    assert visitor.get("/portal/sign-in/nowhere").page.status_code == 404


def test_several_institutions_are_offered_and_the_last_is_remembered(
    app: Flask, sign_in: SignIn, customer_a: Customer
) -> None:
    fresh = Visitor(app).get("/portal/")
    assert fresh.path == "/portal/sign-in/"
    assert "見本第二銀行" in fresh.text
    known = sign_in(customer_a)
    known.submit("/portal/sign-out")
    assert known.path == SIGN_IN
    assert "ログアウトしました。" in known.text


def test_the_password_counts_for_five_minutes_until_the_code(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    browser = sign_in(customer_a)
    clock.advance(minutes=4, seconds=59)
    assert browser.get(CODE).path == CODE
    clock.advance(seconds=1)
    assert browser.get(CODE).path != CODE
    browser.post(CODE, {"otp": token.code(clock())})
    assert browser.get("/portal/").path != "/portal/"


def test_the_session_is_renewed_at_sign_in(app: Flask, customer_a: Customer) -> None:
    browser = Visitor(app).get(SIGN_IN)
    before = browser.client.get_cookie(COOKIE)
    browser.submit(SIGN_IN, login_id=customer_a.login_id, password=PASSWORD)
    after = browser.client.get_cookie(COOKIE)
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert len(after.value) >= 43  # 256 bits in base64
    thief = Visitor(app)
    thief.client.set_cookie(COOKIE, before.value)
    assert thief.get("/portal/").path != "/portal/"


def test_the_cookie(app: Flask, customer_a: Customer) -> None:
    browser = Visitor(app).get(SIGN_IN)
    header = next(value for value in browser.answer.headers.getlist("Set-Cookie") if COOKIE in value)
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Strict"):
        assert part in header
    assert "Domain" not in header


def test_ten_idle_minutes_end_the_session_and_say_so(
    sign_in: SignIn, customer_a: Customer, clock: MovableClock
) -> None:
    browser = sign_in(customer_a)
    clock.advance(minutes=9, seconds=59)
    assert browser.get("/portal/").path == "/portal/"
    clock.advance(minutes=10)
    browser.get("/portal/token/")
    assert browser.path == SIGN_IN
    assert "しばらく操作がなかったため" in browser.text


def test_twelve_hours_end_every_session(sign_in: SignIn, customer_a: Customer, clock: MovableClock) -> None:
    browser = sign_in(customer_a)
    begun = clock()
    while clock() - begun < timedelta(hours=11, minutes=55):
        clock.advance(minutes=5)
        assert browser.get("/portal/").path == "/portal/"
    clock.advance(minutes=5)
    assert browser.get("/portal/").path == SIGN_IN


def test_a_form_whose_session_is_over_leads_to_the_sign_in(
    sign_in: SignIn, customer_a: Customer, clock: MovableClock
) -> None:
    browser = sign_in(customer_a).get("/portal/token/soft/")
    clock.advance(minutes=11)
    browser.submit(
        "/portal/token/soft/",
        mail_address="a@sample.example",
        mail_address_again="a@sample.example",
        activation_password="482193",
        activation_password_again="482193",
    )
    assert browser.path == SIGN_IN
    assert "途中の内容は受け付けていません" in browser.text


def test_signing_out_ends_it(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a)
    cookie = browser.client.get_cookie(COOKIE)
    assert cookie is not None
    browser.submit("/portal/sign-out")
    browser.client.set_cookie(COOKIE, cookie.value)
    assert browser.get("/portal/").path == SIGN_IN


def test_a_repeated_sign_in_post_counts_once(app: Flask, customer_a: Customer, services: Services) -> None:
    browser = Visitor(app).get(SIGN_IN)
    fields = browser.form(SIGN_IN) | {"login_id": customer_a.login_id, "password": "not this one"}
    for _ in range(20):
        browser.post(SIGN_IN, fields)
    with services.store.read() as tx:
        assert tx.get_one(Customer, customer_a.id).password_failures == 1


def test_after_a_revocation_the_door_is_closed_until_the_time_it_names(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    waits = replace(services.institutions["dual"], wait_after_revocation=True)
    cast(dict[str, Institution], services.institutions)["dual"] = waits
    token = give_token(services, customer_a, clock())
    inside = sign_in(customer_a, token.code(clock()))
    revoke(services, RevokeCommand("dual", token.credential_id, EndedHow.REVOKED, SYSTEM), clock())
    for browser in (inside.get("/portal/"), sign_in(customer_a)):
        assert browser.path == SIGN_IN
        assert "2026年11月20日 12:20 からログインいただけます" in browser.text
    clock.advance(minutes=20)
    assert sign_in(customer_a).path == "/portal/"


def test_a_revocation_without_that_rule_closes_no_door(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    revoke(services, RevokeCommand("dual", token.credential_id, EndedHow.REVOKED, SYSTEM), clock())
    assert sign_in(customer_a).path == "/portal/"


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (EndedHow.EXPIRED, "トークンの期限が過ぎたため、ワンタイムパスワードは使えなくなりました。"),
        (EndedHow.REVOKED, "ワンタイムパスワードのご利用は終わっています。"),
        (EndedHow.LOST, "ワンタイムパスワードのご利用は終わっています。"),
        (EndedHow.CANCELLED, "ワンタイムパスワードは、まだご利用になっていません。"),
    ],
)
def test_a_customer_whose_token_ended_is_told_how_it_goes_on(
    services: Services, customer_a: Customer, clock: MovableClock, sign_in: SignIn, how: EndedHow, sentence: str
) -> None:
    token = give_token(services, customer_a, clock())
    revoke(services, RevokeCommand("dual", token.credential_id, EndedHow.REVOKED, SYSTEM), clock())
    with services.store.write() as tx:
        tx.get_one(Credential, token.credential_id).ended_how = how
    clock.advance(days=2)
    browser = sign_in(customer_a).get("/portal/")
    assert sentence in browser.text
    assert "トークンを申し込む" in browser.text
