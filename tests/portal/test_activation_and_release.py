"""BOK001/BOK002, BOS001/BOS002 and BOP001 in each state: what may be done, and nothing twice (R37, R38, R60)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.roles import ALL_ROLES
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, PASSWORD
from tests.fixtures.tokens import give_token, read_credential
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import Visitor
from web.app import create_app

pytestmark = sqlite_only

MENU = "/portal/token/"
KIND = "/portal/token/kind"
ACTIVATE = "/portal/token/activate/"
RELEASE = "/portal/token/release/"


def test_activation_puts_the_token_in_force(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    browser = sign_in(customer_a).get(ACTIVATE)
    browser.submit(ACTIVATE, otp=token.code(clock()))
    assert browser.path == ACTIVATE + "done"
    assert "利用開始登録を受け付けました" in browser.text
    assert read_credential(services, token).state is CredentialState.ACTIVE
    assert "利用中" in browser.get(MENU).text


@pytest.mark.parametrize(
    ("purposes", "told"),
    [
        ((OtpPurpose.LOGIN,), "ログインのときに、ワンタイムパスワードを"),
        (tuple(OtpPurpose), "ログインのとき、お振込みのとき、お客さま登録情報の変更のときに、"),
    ],
)
def test_activation_tells_where_codes_are_asked_for_from_now_on(
    services: Services, customer_a: Customer, clock: MovableClock, purposes: tuple[OtpPurpose, ...], told: str
) -> None:
    dual = replace(services.institutions["dual"], asks_otp_at=purposes)
    app = create_app(replace(services, institutions={"dual": dual}), ALL_ROLES, clock)
    token = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    browser = Visitor(app).get("/portal/sign-in/dual")
    browser.submit(browser.path, login_id=customer_a.login_id, password=PASSWORD)
    browser.get(ACTIVATE).submit(ACTIVATE, otp=token.code(clock()))
    assert told in browser.text


def test_an_activation_sent_twice_ends_on_the_same_page(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    browser = sign_in(customer_a).get(ACTIVATE)
    fields = browser.form(ACTIVATE) | {"otp": token.code(clock())}
    browser.post(ACTIVATE, fields)
    browser.post(ACTIVATE, fields)
    assert browser.path == ACTIVATE + "done"
    assert browser.get(ACTIVATE).path == ACTIVATE + "done"
    assert read_credential(services, token).failures == 0


def test_a_refusal_is_told_over_reloads_but_not_to_those_who_left_and_come_back(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    refused = "このワンタイムパスワードでは確認できませんでした"
    browser = sign_in(customer_a).get(ACTIVATE)
    browser.submit(ACTIVATE, otp=token.wrong(clock()))
    assert refused in browser.get(ACTIVATE).text
    assert 'class="more" open' in browser.page.text, "the clock hint is in sight"
    assert MENU in browser.links
    browser.get(MENU)
    assert refused not in browser.get(ACTIVATE).text
    assert 'class="more" open' not in browser.page.text


def test_who_loses_the_app_before_the_first_code_cancels_the_token_and_begins_anew(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    browser = sign_in(customer_a).get(ACTIVATE)
    assert "番号を表示できなくなったとき" in browser.text
    browser.submit(ACTIVATE + "withdraw")
    assert "お申込を取り消しました" in browser.text
    ended = read_credential(services, token)
    assert (ended.state, ended.ended_how, ended.sealed_seed) == (CredentialState.ENDED, EndedHow.CANCELLED, None)
    assert browser.get("/portal/token/soft/").path == "/portal/token/soft/"


def test_who_loses_the_fob_before_the_first_code_reads_what_to_do(
    sign_in: SignIn, customer_a: Customer, fob: Fob, services: Services, clock: MovableClock
) -> None:
    give_token(services, customer_a, clock(), CredentialState.SET_UP, fob=fob)
    page = sign_in(customer_a).get(ACTIVATE)
    assert (page.path, "トークンがお手元にないとき" in page.text) == (ACTIVATE, True)
    assert "このトークンを取り消す" not in page.text, "it is the branch's"


def test_a_token_in_force_is_not_cancelled(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    browser = sign_in(customer_a).get(ACTIVATE)
    form = browser.form(ACTIVATE + "withdraw")
    browser.submit(ACTIVATE, otp=token.code(clock()))
    browser.post(ACTIVATE + "withdraw", form)
    assert read_credential(services, token).state is CredentialState.ACTIVE


def test_the_code_of_the_activation_does_not_log_in(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    sign_in(customer_a).get(ACTIVATE).submit(ACTIVATE, otp=token.code(clock()))
    assert sign_in(customer_a, token.code(clock())).path == "/portal/sign-in-code"
    clock.advance(minutes=1)
    assert sign_in(customer_a, token.code(clock())).path == "/portal/"


def test_release_needs_both_passwords(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    browser = sign_in(customer_a, token.code(clock()))
    clock.advance(minutes=1)
    browser.get(RELEASE).submit(RELEASE, otp=token.code(clock()))
    assert "確認用パスワードを入力してください" in browser.text
    browser.submit(RELEASE, confirmation_password=CONFIRMATION_PASSWORD)
    assert "ワンタイムパスワードを入力してください" in browser.text
    browser.submit(RELEASE, confirmation_password="wrong1", otp=token.code(clock()))
    assert "確認用パスワードが正しくありません" in browser.text
    assert read_credential(services, token).state is CredentialState.ACTIVE
    browser.submit(RELEASE, confirmation_password=CONFIRMATION_PASSWORD, otp=token.code(clock()))
    assert browser.path == RELEASE + "done"
    assert read_credential(services, token).ended_how is EndedHow.RELEASED


def test_release_warns_and_says_what_to_do_next(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock, fob: Fob
) -> None:
    token = give_token(services, customer_a, clock(), fob=fob)
    browser = sign_in(customer_a, token.code(clock())).get(RELEASE)
    assert "もう一度利用開始登録をしてもご利用になれません" in browser.text
    clock.advance(minutes=1)
    browser.submit(RELEASE, confirmation_password=CONFIRMATION_PASSWORD, otp=token.code(clock()))
    assert "窓口にお返しください" in browser.text
    assert "2026年11月21日 00:00 から" in browser.text


def test_a_release_sent_twice_ends_on_the_same_page(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    browser = sign_in(customer_a, token.code(clock()))
    clock.advance(minutes=1)
    browser.get(RELEASE)
    typed = {"confirmation_password": CONFIRMATION_PASSWORD, "otp": token.code(clock())}
    fields = browser.form(RELEASE) | typed
    browser.post(RELEASE, fields)
    browser.post(RELEASE, fields)
    assert browser.path == RELEASE + "done"
    assert browser.get(RELEASE).path == RELEASE + "done"


def test_after_a_release_a_new_token_comes_from_the_next_day(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    browser = sign_in(customer_a, token.code(clock()))
    clock.advance(minutes=1)
    typed = {"confirmation_password": CONFIRMATION_PASSWORD, "otp": token.code(clock())}
    browser.get(RELEASE).submit(RELEASE, **typed)
    clock.now = clock.now.replace(hour=14, minute=59, second=59)
    browser = sign_in(customer_a).get(KIND)
    assert browser.path == MENU
    assert "2026年11月21日 00:00 から発行できます" in browser.text
    assert browser.get("/portal/token/soft/").path == MENU
    assert browser.get("/portal/token/hard/").path == MENU
    clock.advance(seconds=1)
    assert browser.get(KIND).path == KIND
    assert browser.get("/portal/token/soft/").path == "/portal/token/soft/"


STATES = {
    None: ("未登録", {"/portal/token/kind"}),
    CredentialState.SET_UP: ("トークン発行済", {ACTIVATE}),
    CredentialState.ACTIVE: ("利用中", {RELEASE}),
}


@pytest.mark.parametrize("state", STATES)
def test_each_state_offers_its_acts_and_refuses_the_others(
    sign_in: SignIn,
    customer_a: Customer,
    services: Services,
    clock: MovableClock,
    state: CredentialState | None,
) -> None:
    token = give_token(services, customer_a, clock(), state) if state else None
    code = token.code(clock()) if token and state is CredentialState.ACTIVE else None
    browser = sign_in(customer_a, code).get(MENU)
    words, offered = STATES[state]
    assert words in browser.text
    acts = {KIND, ACTIVATE, RELEASE}
    assert acts & set(browser.links) == offered
    for act in acts - offered:
        assert browser.get(act).path == MENU
        assert "いまの状態では" in browser.text


def test_acts_out_of_order_change_nothing(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    browser = sign_in(customer_a).get(ACTIVATE)
    form = browser.form(ACTIVATE)
    typed = {"confirmation_password": CONFIRMATION_PASSWORD, "otp": token.code(clock())}
    browser.post(RELEASE, form | typed)
    assert browser.path == MENU
    assert read_credential(services, token).state is CredentialState.SET_UP


def test_done_pages_belong_to_the_session_that_did_it(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    sign_in(customer_a).get(ACTIVATE).submit(ACTIVATE, otp=token.code(clock()))
    clock.advance(minutes=1)
    other = sign_in(customer_a, token.code(clock()))
    assert other.get(ACTIVATE + "done").path == MENU
    assert other.get(RELEASE + "done").path == MENU


def hard_application(browser: Visitor) -> Visitor:
    """BOT010, BOH001, BOH002."""
    browser.get(KIND)
    assert "/portal/token/hard/" in browser.links
    return browser.get("/portal/token/hard/").submit("/portal/token/hard/")


def test_a_key_fob_is_applied_for_once_and_withdrawn(sign_in: SignIn, customer_a: Customer) -> None:
    browser = hard_application(sign_in(customer_a))
    assert browser.path == "/portal/token/hard/done"
    number = browser.text.split("受付番号 ")[1].split(" ")[0]
    assert number in sign_in(customer_a).get(MENU).text
    assert browser.get("/portal/token/hard/").path == "/portal/token/hard/done"
    assert "窓口でトークンをお受け取りになると、お手続きできます。" in browser.get(MENU).text
    browser.get("/portal/token/hard/done")
    browser.submit("/portal/token/hard/withdraw")
    assert browser.path == MENU
    assert number not in browser.text
    assert hard_application(browser).path == "/portal/token/hard/done"


def test_an_application_sent_twice_is_one(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a).get("/portal/token/hard/")
    fields = browser.form("/portal/token/hard/")
    first = browser.post("/portal/token/hard/", fields).text
    second = browser.post("/portal/token/hard/", fields).text
    assert first.split("受付番号 ")[1][:13] == second.split("受付番号 ")[1][:13]
