"""The transfer page asks for what the institution says, tells the limit, and refuses (manuals 001, 002, 003)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.jobs.add_payee import AddPayeeCommand, add_payee
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.money_transfer import Account
from provisioning.rules.proofs import OtpPurpose
from provisioning.services import Services
from provisioning.store.tables import Customer, MoneyTransfer
from tests.fixtures.addresses import deliver
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import read_code, use_mail_password, wrong
from tests.fixtures.people import add_customer
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import Visitor

pytestmark = sqlite_only

ENTRY = "/portal/transfer/"
CHECK = "/portal/transfer/check"
OTHER = {
    "payee": "other",
    "bank": "例題銀行",
    "branch": "東支店",
    "account_number": "7654321",
    "holder": "レイダイ ジロウ",
}


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    asked = replace(DUAL, asks_otp_at=tuple(OtpPurpose), mail_password=True, failure_limit=2)
    return {DUAL.id: asked}


@pytest.fixture
def customer(services: Services) -> Customer:
    return add_customer(services, "999800000066", transfer_limit_yen=1_000_000)


@pytest.fixture
def payee(services: Services, customer: Customer, clock: MovableClock) -> str:
    account = Account("見本銀行", "本店", "1234567", "ミホン ハナコ")
    return add_payee(services, AddPayeeCommand(DUAL.id, customer.id, account, SYSTEM), clock())


def enter(browser: Visitor, amount_yen: str = "10,000", **payee: str) -> Visitor:
    return browser.get(ENTRY).submit(ENTRY, **payee, amount_yen=amount_yen)


def test_numbers_are_typed_on_digits_and_a_missing_payee_leads_to_the_choice(
    sign_in: SignIn, customer: Customer, payee: str
) -> None:
    browser = sign_in(customer).get(ENTRY)
    assert browser.page.text.count('inputmode="numeric"') == 2
    browser.submit(ENTRY, payee="", amount_yen="1")
    assert 'id="field-payee" tabindex="-1" aria-invalid="true"' in browser.page.text


def made(services: Services) -> list[int]:
    with services.store.read() as tx:
        return [row.amount_yen for row in tx.query(MoneyTransfer).order_by(MoneyTransfer.number)]


def test_a_registered_payee_with_a_fresh_code(
    sign_in: SignIn, services: Services, customer: Customer, payee: str, clock: MovableClock
) -> None:
    token = give_token(services, customer, clock())
    browser = sign_in(customer, token.code(clock()))
    assert ENTRY in browser.links
    enter(browser, payee=payee)
    assert "BTR002" in browser.text
    assert "ミホン ハナコ" in browser.text
    assert "10,000円" in browser.text
    browser.submit(CHECK, otp=token.code(clock()))
    assert "このワンタイムパスワードでは確認できませんでした" in browser.text, "spent at login"
    assert made(services) == []
    clock.advance(minutes=1)
    browser.submit(CHECK, otp=token.code(clock()))
    assert "BTR003" in browser.text
    assert "お振込みを受け付けました" in browser.text
    assert made(services) == [10_000]
    assert "990,000円" in browser.get(ENTRY).text


def test_the_wrong_codes_of_a_transfer_suspend_and_sign_out(
    sign_in: SignIn, services: Services, customer: Customer, payee: str, clock: MovableClock
) -> None:
    token = give_token(services, customer, clock())
    browser = enter(sign_in(customer, token.code(clock())), payee=payee)
    for _ in range(2):
        browser.submit(CHECK, otp=token.wrong(clock()))
    assert browser.path.startswith("/portal/sign-in")
    assert "停止" in browser.text


def test_a_payee_named_for_once_with_the_password_by_mail(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    use_mail_password(services, customer)
    browser = enter(sign_in(customer), **OTHER)
    assert 'data-live="/portal/mail-state/code"' in browser.page.text, "follows the mail"
    code = read_code(services, clock())
    browser.submit(CHECK, mail_password="")
    assert "メール通知パスワードを入力してください" in browser.text
    browser.submit(CHECK, mail_password=wrong(code))
    assert "メール通知パスワードが正しくありません" in browser.text
    assert made(services) == []
    browser.submit(CHECK, mail_password=code)
    assert "BTR003" in browser.text
    enter(browser, **OTHER).submit(CHECK, mail_password=code)
    assert made(services) == [10_000, 10_000], "good until logout: no second mail"
    assert deliver(services, clock()) == []


def test_a_registered_payee_asks_for_no_password_by_mail(
    sign_in: SignIn, services: Services, customer: Customer, payee: str, clock: MovableClock
) -> None:
    use_mail_password(services, customer)
    browser = enter(sign_in(customer), payee=payee)
    assert "mail_password" not in browser.form(CHECK)
    browser.submit(CHECK)
    assert "BTR003" in browser.text
    assert deliver(services, clock()) == []


def test_the_limit_refuses_and_keeps_what_was_typed(
    sign_in: SignIn, services: Services, customer: Customer, payee: str
) -> None:
    browser = enter(sign_in(customer), "1000001", payee=payee)
    assert "振込・振替限度額を超えるため" in browser.text
    assert browser.form(ENTRY)["amount_yen"] == "1000001"
    enter(browser, "1000000", payee=payee)
    # lowered meanwhile, as a token's end does
    with services.store.write() as tx:
        tx.get_one(Customer, customer.id).transfer_limit_yen = 200_000
    browser.submit(CHECK)
    assert browser.path == ENTRY
    assert "振込・振替限度額を超えるため" in browser.text
    assert made(services) == []


def test_a_double_click_transfers_once(
    sign_in: SignIn, services: Services, customer: Customer, payee: str
) -> None:
    browser = enter(sign_in(customer), payee=payee)
    form = browser.form(CHECK)
    browser.post(CHECK, form).post(CHECK, form)
    assert "BTR003" in browser.text
    assert "二重には受け付けていません" in browser.text
    assert made(services) == [10_000]


def test_another_customers_payee_is_no_choice(
    sign_in: SignIn, services: Services, customer_a: Customer, payee: str
) -> None:
    browser = enter(sign_in(customer_a), payee=payee)
    assert "振込先を選択してください" in browser.text


def test_what_cannot_be_used_is_told_and_changes_nothing(
    sign_in: SignIn, services: Services, customer: Customer
) -> None:
    browser = sign_in(customer).get(ENTRY)
    for field, text, told in (
        ("amount_yen", "千円", "振込金額は半角数字で入力してください"),
        ("amount_yen", "💴", "振込金額は半角数字で入力してください"),
        ("amount_yen", "9" * 10_000, "振込金額は1円以上10億円以下で入力してください"),
        ("account_number", "1234567a", "口座番号は半角数字7桁で入力してください"),
        ("bank", "🏦", "金融機関名をご確認ください"),
        ("branch", "x" * 10_000, "支店名をご確認ください"),
        ("holder", "", "受取人名を入力してください"),
    ):
        browser.submit(ENTRY, **OTHER | {"amount_yen": "1000"} | {field: text})
        assert browser.path == ENTRY
        assert told in browser.text
    assert made(services) == []


def test_the_check_without_an_entry_leads_back(sign_in: SignIn, customer: Customer) -> None:
    browser = sign_in(customer).get(CHECK)
    assert browser.path == ENTRY
    assert browser.get("/portal/transfer/done").path == ENTRY


def test_at_login_no_code_is_asked_for_where_the_institution_asks_elsewhere(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    elsewhere = replace(services.institutions[DUAL.id], asks_otp_at=(OtpPurpose.TRANSFER,))
    assert isinstance(services.institutions, dict)
    services.institutions[DUAL.id] = elsewhere
    give_token(services, customer, clock())
    browser = sign_in(customer)
    assert browser.path == "/portal/"
    assert "ログインのたびに" not in browser.text
