"""Change of phone or fob in the portal, with the old token at hand until the new one is activated (R43)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState, EndedHow, Slot
from provisioning.services import Services
from provisioning.store.queries.own_standing import own_standing
from provisioning.store.tables import Credential, Customer, Fob
from tests.core.test_replacement import SUCCEEDING
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD
from tests.fixtures.tokens import give_token, read_credential
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import Visitor

pytestmark = sqlite_only

MENU = "/portal/token/"
SOFT = MENU + "soft/"
ACTIVATE = MENU + "activate/"
RELEASE = MENU + "release/"


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """`dual`, where a second token may stand beside the one in use."""
    return SUCCEEDING


def wrong_until_suspended(browser: Visitor, code: str) -> None:
    for _ in range(5):
        browser.get(ACTIVATE).submit(ACTIVATE, otp=code)


def test_a_new_phone_is_applied_for_with_the_old_one_in_use(
    sign_in: SignIn, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    old = give_token(services, customer_a, clock())
    browser = sign_in(customer_a, old.code(clock())).get(MENU)
    assert "いまのトークンを新しいものに交換する方" in browser.text
    assert MENU + "kind" in browser.links
    browser.get(SOFT)
    pair = dict.fromkeys(("mail_address", "mail_address_again"), "taro@mihon.example")
    browser.submit(SOFT, **pair, **dict.fromkeys(("activation_password", "activation_password_again"), "730962"))
    browser.submit(SOFT + "check", confirmation_password=CONFIRMATION_PASSWORD)
    assert browser.path == SOFT + "done"
    browser.get(MENU)
    assert "交換する新しいトークン: ソフトウェアトークン" in browser.text
    assert "新しいスマートフォンでアプリの初期設定をしてください" in browser.text
    assert "交換する新しいトークンを発行済みです" in browser.text
    assert SOFT + "mail/" in browser.get(SOFT + "done").links
    assert browser.get(SOFT).path == SOFT + "done", "one is enough"
    clock.advance(minutes=1)
    assert sign_in(customer_a, old.code(clock())).path == "/portal/"


def test_activating_the_new_one_ends_the_old_one_and_says_what_to_do_with_it(
    sign_in: SignIn, services: Services, customer_a: Customer, fob: Fob, clock: MovableClock
) -> None:
    old = give_token(services, customer_a, clock(), fob=fob)
    new = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    begun = sign_in(customer_a)
    assert "新しいトークンの利用開始までは、いままでのトークンの番号を入力してください" in begun.text
    browser = sign_in(customer_a, old.code(clock()))
    assert ACTIVATE in browser.links
    assert "利用開始と同時に、いままでのトークンは使えなくなります" in browser.get(ACTIVATE).text
    clock.advance(minutes=1)
    browser.submit(ACTIVATE, otp=new.code(clock()))
    assert browser.path == ACTIVATE + "done"
    assert "いままでのハードウェアトークンは、お近くの窓口にお返しください" in browser.text
    assert read_credential(services, old).ended_how is EndedHow.REPLACED
    clock.advance(minutes=1)
    assert sign_in(customer_a, old.code(clock())).path == "/portal/sign-in-code"
    assert sign_in(customer_a, new.code(clock())).path == "/portal/"


def test_wrong_codes_of_the_new_one_keep_nobody_out(
    sign_in: SignIn, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    old = give_token(services, customer_a, clock())
    new = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    browser = sign_in(customer_a, old.code(clock()))
    wrong_until_suspended(browser, new.wrong(clock()))
    assert browser.path == MENU
    assert "いままでのトークンは、そのままお使いいただけます" in browser.text
    assert "新しいトークンの利用開始を停止しています" in browser.text
    clock.advance(minutes=1)
    assert sign_in(customer_a, old.code(clock())).path == "/portal/"


def test_a_release_warns_that_the_new_one_ends_too(
    sign_in: SignIn, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    old = give_token(services, customer_a, clock())
    new = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    browser = sign_in(customer_a, old.code(clock()))
    assert "交換のために発行した新しいトークンも、使えなくなります" in browser.get(RELEASE).text
    clock.advance(minutes=1)
    browser.submit(RELEASE, confirmation_password=CONFIRMATION_PASSWORD, otp=old.code(clock()))
    assert browser.path == RELEASE + "done"
    assert read_credential(services, new).state is CredentialState.ENDED


def test_after_a_loss_the_new_one_is_the_customers_token(
    sign_in: SignIn, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    old = give_token(services, customer_a, clock())
    new = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    revoke(services, RevokeCommand("dual", old.credential_id, EndedHow.LOST, SYSTEM), clock())
    own = own_standing(services, "dual", customer_a.id)
    assert own is not None
    assert (own.token and own.token.credential_id, own.successor) == (new.credential_id, None)
    browser = sign_in(customer_a).get(ACTIVATE)
    browser.submit(ACTIVATE, otp=new.code(clock()))
    assert browser.path == ACTIVATE + "done"
    assert "いままで" not in browser.text
    with services.store.read() as tx:
        assert tx.get_one(Credential, new.credential_id).slot is Slot.CURRENT
