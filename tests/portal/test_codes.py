"""The three code fields (BLG002, BOK001, BOS001): what has no code's form is told and never counted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from provisioning.rules.parameters import OtpParameters, OtpType
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.fixtures.typed import in_groups
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import Visitor

pytestmark = sqlite_only

LOGIN = "/portal/sign-in-code"
ACTIVATE = "/portal/token/activate/"
RELEASE = "/portal/token/release/"
NO_CODES = {
    "hyphen inside": "1234-5678",
    "numerals": "一二三四五六七八",
    "seven digits": "1234567",
    "nine digits": "123456789",
    "letters": "1234567a",
    "another script": "१२३४५६७८",
    "nothing": "",
    "line break": "1234567\n",
    "blanks": "\N{IDEOGRAPHIC SPACE} ",
}


@pytest.mark.parametrize(
    ("hard", "told"), [(True, "トークンの時計がずれている"), (False, "タイムゾーン（日本）が正しいか")]
)
def test_what_may_be_wrong_fits_the_token(
    sign_in: SignIn, customer_a: Customer, fob: Fob, services: Services, clock: MovableClock, hard: bool, told: str
) -> None:
    """Whoever has a key fob is not sent to look at the clock of a phone."""
    give_token(services, customer_a, clock(), fob=fob if hard else None)
    page = sign_in(customer_a)
    assert (page.path, told in page.text) == (LOGIN, True)
    assert ("スマートフォンの日付" in page.text) is not hard


@dataclass
class Desk:
    """A customer in front of the field, and how they send it."""

    browser: Visitor
    token: Token
    send: Callable[[str], Visitor]


@pytest.fixture(params=[LOGIN, ACTIVATE, RELEASE])
def desk(
    request: pytest.FixtureRequest, sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> Desk:
    """Each of the three screens with a code field."""
    path: str = request.param
    state = CredentialState.SET_UP if path == ACTIVATE else CredentialState.ACTIVE
    token = give_token(services, customer_a, clock(), state)
    browser = sign_in(customer_a, token.code(clock()) if path == RELEASE else None)
    clock.advance(minutes=1)
    browser.get(path)
    more = {"confirmation_password": CONFIRMATION_PASSWORD} if path == RELEASE else {}
    return Desk(browser, token, lambda otp: browser.submit(path, otp=otp, **more))


@pytest.mark.parametrize("typed", NO_CODES.values(), ids=NO_CODES)
def test_what_is_no_code_is_not_counted(desk: Desk, services: Services, typed: str) -> None:
    for _ in range(6):
        desk.send(typed)
    assert "ワンタイムパスワード" in desk.browser.text
    assert "入力してください" in desk.browser.text
    assert read_credential(services, desk.token).failures == 0


def test_the_words_say_that_it_was_not_counted(desk: Desk) -> None:
    assert "間違いの回数には数えていません" in desk.send("1234-5678").text
    assert "間違いの回数には数えていません" in desk.send("1234567").text


def test_a_code_is_read_as_it_is_meant(desk: Desk, services: Services, clock: MovableClock) -> None:
    before = desk.browser.path
    assert desk.send(in_groups(desk.token.code(clock()))).path != before
    assert read_credential(services, desk.token).failures == 0


def test_wrong_codes_count_and_suspend(desk: Desk, services: Services, clock: MovableClock) -> None:
    for count in range(1, 5):
        desk.send(desk.token.wrong(clock()))
        assert "次の番号に変わるのを待って" in desk.browser.text
        assert read_credential(services, desk.token).failures == count
    desk.send(desk.token.wrong(clock()))
    assert "認証を停止しています" in desk.browser.text
    assert desk.browser.path == "/portal/sign-in/dual"
    assert read_credential(services, desk.token).state is CredentialState.SUSPENDED


def test_a_clock_that_went_back_refuses_the_right_code_and_counts_nothing(
    desk: Desk, services: Services, clock: MovableClock
) -> None:
    before = read_credential(services, desk.token)
    services.clock.check(clock() + timedelta(hours=1))  # the latest time that this process has seen
    for typed in (desk.token.code(clock()), desk.token.wrong(clock())):
        assert "入力が間違っているのではありません" in desk.send(typed).text
        assert "受け付けられません。" not in desk.browser.text
    after = read_credential(services, desk.token)
    assert (after.failures, after.state, after.last_step) == (0, before.state, before.last_step)


def test_one_wrong_code_sent_again_counts_once(desk: Desk, services: Services, clock: MovableClock) -> None:
    action = desk.browser.path
    fields = desk.browser.form(action) | {"otp": desk.token.wrong(clock())}
    if "confirmation_password" in fields:
        fields["confirmation_password"] = CONFIRMATION_PASSWORD
    for _ in range(8):
        desk.browser.post(action, fields)
    assert read_credential(services, desk.token).failures == 1


def test_how_many_tries_are_left_is_not_told(desk: Desk, clock: MovableClock) -> None:
    desk.send(desk.token.wrong(clock()))
    assert not re.search(r"(残り|あと) *\d", desk.browser.text)


def test_the_code_never_comes_back_in_the_page(desk: Desk, clock: MovableClock) -> None:
    wrong = desk.token.wrong(clock())
    assert wrong not in desk.send(wrong).page.text


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        (OtpParameters(), "番号は1分ごとに変わり"),
        (OtpParameters(digits=6, period_s=30), "番号は30秒ごとに変わり"),
        (OtpParameters(OtpType.HOTP, period_s=0), "番号はボタンを押すたびに変わり"),
    ],
)
def test_the_page_says_how_often_this_tokens_codes_change(
    sign_in: SignIn, customer_a: Customer, fob: Fob, services: Services, clock: MovableClock,
    parameters: OtpParameters, told: str,
) -> None:  # fmt: skip
    give_token(services, customer_a, clock(), fob=fob, parameters=parameters)
    page = sign_in(customer_a)
    assert (page.path, told in page.text) == (LOGIN, True)
    assert ("トークンの時計がずれている" in page.text) is bool(parameters.period_s)
