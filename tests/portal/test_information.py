"""お客様登録情報の変更: the mail address for notices, proved by what was sent there (R75), and a code (001)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.address_use import AddressUse
from provisioning.rules.institution import Institution
from provisioning.rules.proofs import OtpPurpose
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.addresses import deliver, store_address, stored_addresses, text_of
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import read_code, wrong
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock, SignIn

pytestmark = sqlite_only

ENTRY = "/portal/information/"
CHECK = "/portal/information/check"
NEW = "new@mihon.example"
TWICE = {"mail_address": NEW, "mail_address_again": NEW}


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    return {DUAL.id: replace(DUAL, asks_otp_at=tuple(OtpPurpose))}


@pytest.fixture
def customer(services: Services) -> Customer:
    customer = add_customer(services, "999800000067")
    store_address(services, customer, "taro@mihon.example")
    store_address(services, customer, "old@mihon.example", AddressUse.NOTICES)
    return customer


def current(services: Services, customer: Customer) -> list[str]:
    assert services.addresses is not None
    return [
        services.addresses.open(row)
        for row in stored_addresses(services, customer)
        if row.use is AddressUse.NOTICES and row.confirmed_at and not row.retired_at
    ]


def test_a_change_asks_for_every_proof_and_tells_old_and_new(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    token = give_token(services, customer, clock())
    spent = token.code(clock())
    browser = sign_in(customer, spent).get(ENTRY)
    assert "o***@mihon.example" in browser.text
    assert "old@mihon.example" not in browser.text
    browser.submit(ENTRY, **TWICE)
    assert "BCI002" in browser.text
    code = read_code(services, clock())
    right = {"confirmation_password": CONFIRMATION_PASSWORD, "mail_password": code, "otp": spent}
    for changes, told in (
        ({"mail_password": wrong(code)}, "メール通知パスワードが正しくありません"),
        ({"confirmation_password": "Chigau99"}, "確認用パスワードが正しくありません"),
        ({"otp": ""}, "ワンタイムパスワードを入力してください"),
        ({}, "このワンタイムパスワードでは確認できませんでした"),
    ):
        assert told in browser.submit(CHECK, **right | changes).text
        assert current(services, customer) == ["old@mihon.example"]
    clock.advance(minutes=1)
    browser.submit(CHECK, **right | {"otp": token.code(clock())})
    assert "BCI003" in browser.text
    assert current(services, customer) == [NEW]
    told_to = {mail.recipient: text_of(mail) for mail in deliver(services, clock())}
    assert set(told_to) == {NEW, "old@mihon.example", "taro@mihon.example"}
    assert all("メールアドレスの変更を受け付けました" in text for text in told_to.values())


def test_without_a_token_no_code_of_one_is_asked_for(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    browser = sign_in(customer).get(ENTRY).submit(ENTRY, **TWICE)
    assert "otp" not in browser.form(CHECK)
    browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD, mail_password=read_code(services, clock()))
    assert current(services, customer) == [NEW]


def test_the_address_is_typed_twice_and_another_one(sign_in: SignIn, customer: Customer) -> None:
    unlike = {"mail_address": NEW, "mail_address_again": "other@mihon.example"}
    browser = sign_in(customer).get(ENTRY).submit(ENTRY, **unlike)
    assert "一致していません" in browser.text
    old = dict.fromkeys(TWICE, "old@mihon.example")
    assert "いまのメールアドレスと同じです" in browser.submit(ENTRY, **old).text


def test_the_code_is_sent_again(
    sign_in: SignIn, services: Services, customer: Customer, clock: MovableClock
) -> None:
    browser = sign_in(customer).get(ENTRY).submit(ENTRY, **TWICE)
    first = read_code(services, clock())
    browser.submit("/portal/information/send")
    second = read_code(services, clock())
    browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD, mail_password=first)
    assert "メール通知パスワードが正しくありません" in browser.text
    browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD, mail_password=second)
    assert current(services, customer) == [NEW]
