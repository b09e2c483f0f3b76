"""Issuance on one page, app set-up and activation in one sitting (manuals 000 and 004)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import pytest
from flask import Flask
from sqlalchemy import select

from provisioning.jobs.apply import ApplyCommand, apply
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.rules.institution import Activation, Institution
from provisioning.rules.issuance import Issuance, IssuancePages, OpensAtLogin
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer, MailState, OutboxMail, Ticket, TicketState
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import customer_actor
from tests.fixtures.services import DUAL
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.phone import Phone
from tests.portal.visitor import Visitor
from tests.soft.independent_client import Refused

pytestmark = sqlite_only

MENU = "/portal/token/"
ENTRY = "/portal/token/soft/"
AGAIN = "/portal/token/soft/again/"
WAITING = "/portal/token/waiting/"
DONE = "/portal/token/activate/done"
ADDRESS = "taro@sample.example"
GOOD = {"mail_address": ADDRESS, "activation_password": "482193"}
COUNTER = Issuance(IssuancePages.ONE_PAGE, 1, 1, OpensAtLogin.AFTER_APPLICATION)
CORPORATE = Issuance(IssuancePages.ONE_PAGE, 1, 1, OpensAtLogin.ALWAYS)

PhoneOf = Callable[..., Phone]
Row = TypeVar("Row", Credential, OutboxMail, Ticket)
ALWAYS = Issuance(opens_at_login=OpensAtLogin.ALWAYS)


@pytest.fixture
def institutions(request: pytest.FixtureRequest) -> Mapping[str, Institution]:
    """An institution that takes applications at its counter, or what the test asks for."""
    return {DUAL.id: replace(DUAL, **getattr(request, "param", {"issuance": COUNTER}))}


@pytest.fixture
def phone_of(app: Flask) -> PhoneOf:
    """A customer's phone, with the activation password that is typed there."""

    def hold(customer: Customer, password: str = "482193", setup_code: str = "") -> Phone:
        return Phone(
            service_id=DUAL.service_id,
            user_id=customer.user_id,
            activation_password=password,
            setup_code=setup_code,
            client=app.test_client(),
        )

    return hold


@pytest.fixture
def applied(customer_a: Customer, services: Services, clock: MovableClock) -> Customer:
    """Customer A, whose application the teller has entered."""
    apply(services, ApplyCommand("dual", customer_a.id, TokenKind.SOFT, customer_actor(customer_a)), clock())
    return customer_a


@pytest.fixture
def waiting(sign_in: SignIn, applied: Customer) -> Visitor:
    """A's browser, on the page that waits for the app."""
    return sign_in(applied).submit(ENTRY, **GOOD)


def rows_of(services: Services, table: type[Row]) -> list[Row]:
    """Every row."""
    with services.store.read() as tx:
        return list(tx.scalars(select(table)))


def test_a_whole_sitting(
    sign_in: SignIn, applied: Customer, phone_of: PhoneOf, clock: MovableClock, services: Services
) -> None:
    browser = sign_in(applied)
    assert browser.path == ENTRY, "the login after the application opens the issuance by itself"
    for words in (
        "ワンタイムパスワード利用開始登録（ソフトウェアトークン）",
        "送信先メールアドレス",
        "@otp.example",
    ):
        assert words in browser.text
    browser.submit(ENTRY, **GOOD)
    assert browser.path == WAITING
    for words in ("BOK003", "ワンタイムパスワード認証確認", ADDRESS, DUAL.service_id, applied.user_id):
        assert words in browser.text
    assert "スマートフォンでアプリの初期設定をしてください。" in browser.text
    token = phone_of(applied).set_up()
    assert "アプリの初期設定ができました。" in browser.client.get(f"{WAITING}live", base_url=browser.base).text
    assert "アプリの初期設定ができました。" in browser.get(WAITING).text, "without JavaScript a reload tells"
    browser.submit(WAITING, otp=token.code(clock()))
    assert (browser.path, "ワンタイムパスワード利用開始登録を受け付けました。" in browser.text) == (DONE, True)
    assert [one.state for one in rows_of(services, Credential)] == [CredentialState.ACTIVE]
    assert browser.get(WAITING).path == DONE
    assert sign_in(applied).path == "/portal/sign-in-code"


def test_without_an_application_nothing_is_issued(
    sign_in: SignIn, customer_a: Customer, services: Services
) -> None:
    browser = sign_in(customer_a)
    assert browser.path == "/portal/"
    assert "/portal/token/kind" not in browser.links
    assert "窓口でお申込みください" in browser.get(MENU).text
    csrf = browser.forms[0].fields["csrf_token"]
    for path in (ENTRY, "/portal/token/kind", "/portal/token/hard/", WAITING, AGAIN):
        assert browser.get(path).path == MENU, path
    assert browser.post(ENTRY, GOOD | {"csrf_token": csrf}).path == MENU
    assert rows_of(services, Credential) == []


def test_it_waits_through_reload_lost_session_and_new_login(
    waiting: Visitor, sign_in: SignIn, applied: Customer, clock: MovableClock, phone_of: PhoneOf
) -> None:
    assert ADDRESS in waiting.get(WAITING).text
    clock.advance(minutes=16)
    assert waiting.get(WAITING).path.startswith("/portal/sign-in/"), "the session is over"
    later = sign_in(applied)
    assert later.path == WAITING
    assert "t***@sample.example" in later.text
    assert ADDRESS not in later.text
    token = phone_of(applied).set_up()
    anew = sign_in(applied)
    assert (anew.path, "アプリの初期設定ができました。" in anew.text) == (WAITING, True)
    assert anew.submit(WAITING, otp=token.code(clock())).path == DONE


@pytest.mark.parametrize(
    ("otp", "words"),
    [
        ("", "ワンタイムパスワードを入力してください"),
        ("1234-567", "数字だけで"),
        ("😀😀😀😀😀😀😀😀", "数字だけで"),
        ("1234567", "桁数のとおり"),
        ("1" * 10_000, "桁数のとおり"),
    ],
)
def test_bad_codes_say_what_to_type_and_are_not_counted(
    waiting: Visitor, applied: Customer, phone_of: PhoneOf, services: Services, otp: str, words: str
) -> None:
    phone_of(applied).set_up()
    waiting.get(WAITING).submit(WAITING, otp=otp)
    assert (waiting.path, words in waiting.text) == (WAITING, True)
    assert [one.failures for one in rows_of(services, Credential)] == [0]


def test_a_field_it_lacks_and_a_null_are_refused(waiting: Visitor) -> None:
    fields = waiting.form(WAITING)
    assert waiting.post(WAITING, fields | {"otp": "12345678", "user_id": "1"}).page.status_code == 422
    assert waiting.post(WAITING, fields | {"otp": "1234\x005678"}).page.status_code == 422
    again = waiting.get(AGAIN).form(AGAIN)
    assert waiting.post(AGAIN, again | GOOD | {"mail_address_again": ADDRESS}).page.status_code == 422


def test_a_code_before_the_set_up_is_told_and_not_counted(waiting: Visitor, services: Services) -> None:
    waiting.submit(WAITING, otp="12345678")
    assert (waiting.path, "アプリの初期設定がまだ済んでいません" in waiting.text) == (WAITING, True)
    assert [one.failures for one in rows_of(services, Credential)] == [0]


def test_a_wrong_code_is_told_with_what_to_look_at_and_suspends_at_the_limit(
    waiting: Visitor, applied: Customer, phone_of: PhoneOf, clock: MovableClock
) -> None:
    phone_of(applied).set_up()
    for _ in range(DUAL.failure_limit - 1):
        waiting.get(WAITING).submit(WAITING, otp="00000000")
        for words in ("確認できませんでした", "変わった直後に", "タイムゾーン（日本）", "12:00"):
            assert words in waiting.text
    waiting.submit(WAITING, otp="00000000")
    assert waiting.path == "/portal/sign-in/dual"
    assert "認証を停止しています" in waiting.text


def test_going_back_enters_another_address_and_the_old_ticket_is_void(
    waiting: Visitor, applied: Customer, phone_of: PhoneOf, services: Services, clock: MovableClock
) -> None:
    assert AGAIN in waiting.links
    waiting.get(AGAIN)
    assert waiting.form(AGAIN)["mail_address"] == ADDRESS
    assert waiting.form(AGAIN)["activation_password"] == ""
    waiting.submit(AGAIN, mail_address="jiro@sample", activation_password="1111")
    assert (waiting.path, "同じ数字の繰り返し" in waiting.text) == (AGAIN, True)
    waiting.submit(AGAIN, mail_address="jiro@sample.example", activation_password="739182")
    assert (waiting.path, "jiro@sample.example" in waiting.text) == (WAITING, True)
    assert [row.state for row in rows_of(services, OutboxMail)] == [MailState.CANCELLED, MailState.QUEUED]
    assert [row.state for row in rows_of(services, Ticket)] == [TicketState.VOID, TicketState.OPEN]
    with pytest.raises(Refused):
        phone_of(applied).set_up()
    token = phone_of(applied, "739182").set_up()
    assert waiting.get(WAITING).submit(WAITING, otp=token.code(clock())).path == DONE
    assert len(rows_of(services, Credential)) == 1


def test_once_the_app_is_set_up_nothing_is_entered_again(
    waiting: Visitor, applied: Customer, phone_of: PhoneOf, services: Services
) -> None:
    fields = waiting.get(AGAIN).form(AGAIN)
    phone_of(applied).set_up()
    assert waiting.get(AGAIN).path == MENU
    assert waiting.post(AGAIN, fields | GOOD).path == MENU
    assert [one.state for one in rows_of(services, Credential)] == [CredentialState.SET_UP]
    assert waiting.get("/portal/token/activate/").path == WAITING, "the menu's way leads here as well"


@pytest.mark.parametrize("path", [ENTRY, AGAIN])
def test_what_is_sent_twice_is_done_once(
    sign_in: SignIn, applied: Customer, services: Services, path: str
) -> None:
    browser = sign_in(applied)
    if path == AGAIN:
        browser.submit(ENTRY, **GOOD)
    fields = browser.get(path).form(path) | GOOD
    for _ in range(2):
        browser.post(path, fields)
        assert browser.path == WAITING
    assert len(rows_of(services, Credential)) == 1
    assert len(rows_of(services, OutboxMail)) == (2 if path == AGAIN else 1)


def test_the_pages_of_three_steps_are_not_there(waiting: Visitor) -> None:
    assert waiting.get("/portal/token/soft/check").path == WAITING
    assert waiting.get("/portal/token/soft/done").path == WAITING
    assert waiting.get("/portal/token/soft/mail/").path == MENU
    assert waiting.get(ENTRY).path == WAITING


def test_a_ticket_that_ran_out_is_told_and_replaced(
    waiting: Visitor, sign_in: SignIn, applied: Customer, clock: MovableClock, phone_of: PhoneOf
) -> None:
    clock.advance(hours=24)
    browser = sign_in(applied)
    assert (browser.path, "もう初期設定ができません" in browser.text) == (WAITING, True)
    browser.get(AGAIN).submit(AGAIN, mail_address=ADDRESS, activation_password="739182")
    assert "もう初期設定ができません" not in browser.text
    assert browser.path == WAITING
    assert phone_of(applied, "739182").set_up()


def test_a_mail_sent_again_at_the_counter_is_the_one_that_is_shown(
    waiting: Visitor, applied: Customer, services: Services, clock: MovableClock
) -> None:
    (credential,) = rows_of(services, Credential)
    again = ResendIssueMailCommand("dual", credential.id, None, customer_actor(applied), "hanako@sample.example")
    resend_issue_mail(services, again, clock())
    assert "h***@sample.example" in waiting.get(WAITING).text
    assert ADDRESS not in waiting.text
    assert waiting.get(AGAIN).form(AGAIN)["mail_address"] == ""


def test_too_many_wrong_activation_passwords_are_told_and_mended(
    waiting: Visitor, applied: Customer, phone_of: PhoneOf
) -> None:
    for _ in range(DUAL.activation_password_failures):
        with pytest.raises(Refused):
            phone_of(applied, "739182").set_up()
    assert "もう初期設定ができません" in waiting.get(WAITING).text
    waiting.get(AGAIN).submit(AGAIN, **GOOD)
    assert phone_of(applied).set_up()


def test_another_customers_waiting_page_knows_nothing_of_it(
    waiting: Visitor, sign_in: SignIn, customer_b: Customer
) -> None:
    other = sign_in(customer_b)
    assert other.get(WAITING).path == MENU
    assert ADDRESS not in other.text
    fields = waiting.get(AGAIN).form(AGAIN) | GOOD
    assert other.post(AGAIN, fields).page.status_code == 400


@pytest.mark.parametrize("institutions", [{"issuance": CORPORATE, "kinds": (TokenKind.SOFT,)}], indirect=True)
def test_whoever_has_no_token_is_led_to_one_at_login(
    sign_in: SignIn, customer_a: Customer, phone_of: PhoneOf, clock: MovableClock
) -> None:
    browser = sign_in(customer_a)
    assert (browser.path, "ワンタイムパスワードトークン発行" in browser.text) == (ENTRY, True)
    assert browser.get("/portal/").path == "/portal/", "and may look elsewhere"
    assert "スマートフォンのメールアドレス、確認用パスワード" not in browser.text, "nobody asks for the latter"
    browser.get(ENTRY).submit(ENTRY, **GOOD)
    assert sign_in(customer_a).path == WAITING
    token = phone_of(customer_a).set_up()
    browser.get(WAITING).submit(WAITING, otp=token.code(clock()))
    assert browser.path == DONE
    clock.advance(minutes=1)
    assert sign_in(customer_a, token.code(clock())).path == "/portal/"


@pytest.mark.parametrize("institutions", [{"issuance": CORPORATE}], indirect=True)
def test_who_waits_for_a_fob_is_not_led_to_another_token(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    assert sign_in(customer_a).path == "/portal/token/kind", "both kinds are offered"
    apply(services, ApplyCommand("dual", customer_a.id, TokenKind.HARD, customer_actor(customer_a)), clock())
    assert sign_in(customer_a).path == "/portal/"


@pytest.mark.parametrize("institutions", [{"issuance": ALWAYS}], indirect=True)
def test_the_staged_pages_open_at_login_too(sign_in: SignIn, customer_a: Customer) -> None:
    assert sign_in(customer_a).path == "/portal/token/kind"


@pytest.mark.parametrize(
    "institutions",
    [{"issuance": COUNTER, "activation": Activation.STRICT, "ticket_life": DUAL.ticket_life / 144}],
    indirect=True,
)
def test_the_set_up_code_is_shown_while_the_session_lasts(
    waiting: Visitor, sign_in: SignIn, applied: Customer, phone_of: PhoneOf
) -> None:
    assert "初期設定コードは 12:10 まで" in waiting.text
    assert "もう表示できません" in sign_in(applied).text
    again = waiting.get(AGAIN).submit(AGAIN, mail_address=ADDRESS, activation_password="739182")
    (code,) = re.findall(r"\b[0-9A-Z]{5} [0-9A-Z]{5}\b", again.text)
    assert phone_of(applied, "739182", code).set_up()


def test_it_leads_to_the_apps_manual_and_download_page(waiting: Visitor) -> None:
    assert {"/app/manual", "/app/download"} <= set(waiting.links)
