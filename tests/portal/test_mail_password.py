"""メール通知パスワード利用変更 in the portal, in the order and words of manual 002; BOT003 asks for it (003)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from tests.fixtures.addresses import deliver, text_of
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import ADDRESS, read_code, use_mail_password, wrong
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer
from tests.fixtures.services import DUAL, OTHER
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import Visitor

pytestmark = sqlite_only

ENTRY = "/portal/mail-password/"
SEND = "/portal/mail-password/send"
CHECK = "/portal/mail-password/check"
NEW = "new@mihon.example"
TWICE = {"mail_address": NEW, "mail_address_again": NEW}


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    return {DUAL.id: replace(DUAL, mail_password=True, failure_limit=2), OTHER.id: OTHER}


@pytest.fixture
def customer(services: Services) -> Customer:
    return add_customer(services, "999800000065")


def sent_to_new(browser: Visitor, services: Services, clock: MovableClock, **typed: str) -> str:
    """Entry, and what the new address got."""
    browser.get(ENTRY).submit(ENTRY, **TWICE | typed)
    assert browser.path == CHECK, browser.text
    return read_code(services, clock())


def test_it_is_taken_up_step_by_step(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    browser = sign_in(customer).get("/portal/")
    assert ENTRY in browser.links
    browser.get(ENTRY)
    assert "BMP001" in browser.text
    assert "いずれか一つのみのご利用となります" in browser.text
    assert "書面によるお手続きが必要です" in browser.text
    code = sent_to_new(browser, services, clock)
    assert "BMP002" in browser.text
    assert NEW in browser.text
    browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD, mail_password=wrong(code))
    assert "メール通知パスワードが正しくありません" in browser.text
    browser.submit(CHECK, confirmation_password="Chigau99", mail_password=code)
    assert "確認用パスワードが正しくありません" in browser.text
    browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD, mail_password=code)
    assert "BMP003" in browser.text
    assert NEW in browser.text
    assert "「メール通知パスワード利用変更完了メール」をお送りします" in browser.text
    assert "都度指定振込先を選択しての振込依頼" in browser.text
    subjects = [text_of(mail).splitlines()[0] for mail in deliver(services, clock())]
    assert sorted(subjects) == [
        "【見本第一銀行】メール通知パスワード利用変更完了のお知らせ",
        "【見本第一銀行】メール通知パスワード利用開始のご案内",
    ]


def test_a_change_begins_with_the_current_one(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    use_mail_password(services, customer)
    browser = sign_in(customer).get(ENTRY)
    assert "t***@mihon.example" in browser.text
    assert ADDRESS not in browser.text
    browser.submit(ENTRY, use="on", **TWICE, mail_password="12345678")
    assert "使えるメール通知パスワードがありません" in browser.text
    assert browser.text.count("メール通知パスワードの送信") == 3, (
        "the summary and the field name the part of the page"
    )
    browser.submit(SEND)
    current = read_code(services, clock())
    assert "送信しました" in browser.get(ENTRY).text
    browser.submit(ENTRY, use="on", **TWICE, mail_password=wrong(current))
    assert "メール通知パスワードが正しくありません" in browser.text
    code = sent_to_new(browser, services, clock, use="on", mail_password=current)
    browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD, mail_password=code)
    assert "BMP003" in browser.text
    assert {mail.recipient for mail in deliver(services, clock())} == {NEW, ADDRESS}


def test_its_use_ends_on_the_same_screens(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    use_mail_password(services, customer)
    browser = sign_in(customer).get(ENTRY).submit(SEND)
    browser.submit(
        ENTRY, use="off", mail_address="", mail_address_again="", mail_password=read_code(services, clock())
    )
    assert browser.path == CHECK
    assert "利用有無 無" in browser.text
    browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD)
    assert "BMP003" in browser.text
    assert "利用していません" in browser.get(ENTRY).text


def test_logging_out_ends_it(sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock) -> None:
    use_mail_password(services, customer)
    browser = sign_in(customer).get(ENTRY).submit(SEND)
    current = read_code(services, clock())
    browser.submit("/portal/sign-out")
    browser = sign_in(customer).get(ENTRY)
    browser.submit(ENTRY, use="on", **TWICE, mail_password=current)
    assert "使えるメール通知パスワードがありません" in browser.text


def test_a_mistyped_address_is_entered_again(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    browser = sign_in(customer).get(ENTRY)
    browser.submit(ENTRY, mail_address=NEW, mail_address_again="knew@mihon.example")
    assert "一致していません" in browser.text
    browser.submit(ENTRY, mail_address="x" * 10_000 + "@mihon.example", mail_address_again="")
    assert "「名前@ドメイン」の形で" in browser.text
    assert deliver(services, clock()) == []


def test_too_many_wrong_ones_lock_it(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    browser = sign_in(customer)
    code = sent_to_new(browser, services, clock)
    for _ in range(2):
        browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD, mail_password=wrong(code))
    browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD, mail_password=code)
    assert "ご利用を停止しています" in browser.text


def test_a_double_click_sends_one_mail(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    use_mail_password(services, customer)
    browser = sign_in(customer).get(ENTRY)
    form = browser.form(SEND)
    browser.post(SEND, form).post(SEND, form)
    assert len(deliver(services, clock())) == 1


def test_who_has_a_token_reads_why_there_is_nothing_to_enter(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    give_token(services, customer, clock(), CredentialState.SET_UP)
    browser = sign_in(customer).get(ENTRY)
    assert "トークンをお持ちのため、メール通知パスワードはご利用になれません" in browser.text
    assert ENTRY not in [form.action for form in browser.forms]


def test_an_institution_without_it_has_no_such_page(sign_in: SignIn, services: Services) -> None:
    browser = sign_in(add_customer(services, "B7", OTHER.id))
    assert ENTRY not in browser.get("/portal/").links
    assert browser.get(ENTRY).page.status_code == 404


def test_issuing_a_token_asks_for_it_on_bot003(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    use_mail_password(services, customer)
    browser = sign_in(customer).get("/portal/token/soft/")
    password = {"activation_password": "483926", "activation_password_again": "483926"}
    browser.submit("/portal/token/soft/", **TWICE, **password)
    assert "BOT003" in browser.text
    code = read_code(services, clock())
    check = "/portal/token/soft/check"
    for typed in ("", wrong(code)):
        browser.submit(check, confirmation_password=CONFIRMATION_PASSWORD, mail_password=typed)
        assert "メール通知パスワード" in browser.text
        assert browser.path == check
    with services.store.read() as tx:
        assert tx.query(Credential).count() == 0
    browser.submit(check, confirmation_password=CONFIRMATION_PASSWORD, mail_password=code)
    assert "BOT002" in browser.text


def test_bot003_asks_nobody_else(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    browser = sign_in(customer).get("/portal/token/soft/")
    password = {"activation_password": "483926", "activation_password_again": "483926"}
    browser.submit("/portal/token/soft/", **TWICE, **password)
    assert "mail_password" not in browser.form("/portal/token/soft/check")
    assert deliver(services, clock()) == []
    browser.submit("/portal/token/soft/check", confirmation_password=CONFIRMATION_PASSWORD, mail_password="1")
    assert browser.answer.status_code == 422


def test_the_page_that_waits_for_the_mail_follows_it_and_keeps_what_is_typed(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    browser = sign_in(customer)
    browser.get(ENTRY).submit(ENTRY, **TWICE)
    (state,) = re.findall(r'data-live="([^"]+)"', browser.page.text)
    assert 'http-equiv="refresh"' not in browser.page.text
    assert CHECK in browser.links, "without JavaScript it is loaded again by hand"
    for told in ("送信を待っています", "送信しました"):
        part = browser.client.get(state, base_url=browser.base)
        assert (part.status_code, told in part.text, "<form" in part.text) == (200, True, False)
        deliver(services, clock())
    assert "data-live" not in browser.get(CHECK).page.text, "there is nothing more to wait for"
    stranger = sign_in(add_customer(services, "999800000066"))
    for address in (state, "/portal/mail-state/code", "/portal/mail-state/token"):
        assert stranger.get(address).page.status_code == 404
