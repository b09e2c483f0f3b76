"""A customer with two open tokens at the console: both are seen, the next act is about the new one (R43)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from flask import Flask

from provisioning.rules.institution import Institution
from provisioning.rules.issuance import Issuance, OpensAtLogin
from provisioning.rules.states import CredentialState, EndedHow, FobState
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer, Fob
from tests.core.test_replacement import SUCCEEDING, guess_wrong, put_in_force
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import PASSWORD, add_fob
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import give_token, read_credential
from tests.portal.conftest import MovableClock
from tests.portal.visitor import Visitor
from tests.staff.conftest import Colleague

pytestmark = sqlite_only


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """`dual`, where a second token may stand beside the one in use."""
    return SUCCEEDING


def page_of(customer: Customer) -> str:
    return f"/staff/customers/{customer.id}/"


def test_a_token_in_use_is_replaced_at_the_counter(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, clock: MovableClock
) -> None:
    old = give_token(services, customer_a, clock(), fob=fob)
    teller_desk.get(page_of(customer_a))
    assert teller_desk.says("することはありません", "新しいトークンに交換する")
    assert teller_desk.get(page_of(customer_a) + "issue/").says("トークンの種類を選びます")
    fresh = add_fob(services, "KF0000002")
    teller_desk.get(page_of(customer_a) + "hard/").press(page_of(customer_a) + "hard/", serial=fresh.serial)
    assert teller_desk.path.startswith("/staff/programming/")
    teller_desk.get(page_of(customer_a))
    assert teller_desk.says(
        "交換する新しいトークン: ハードウェアトークン", "フォブを書き込む", fresh.serial, fob.serial
    )
    assert not teller_desk.says("新しいトークンに交換する")
    assert teller_desk.get(page_of(customer_a) + "issue/").path == page_of(customer_a)
    assert read_credential(services, old).state is CredentialState.ACTIVE


def test_the_old_fob_is_asked_for_once_the_new_one_is_in_use(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, clock: MovableClock
) -> None:
    give_token(services, customer_a, clock(), fob=fob)
    new = give_token(services, customer_a, clock(), CredentialState.SET_UP, add_fob(services, "KF0000002"))
    assert teller_desk.get(page_of(customer_a)).says("お客さまに利用開始をしていただく")
    assert put_in_force(services, new, new.code(clock()), clock()) is None
    teller_desk.get(page_of(customer_a))
    assert teller_desk.says("使えなくなったフォブがお客さまのお手元にあります", fob.serial, "交換")
    with services.store.read() as tx:
        assert tx.get_one(Fob, fob.id).state is FobState.HANDED_OVER


def test_a_suspension_of_either_is_lifted_from_the_one_page(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    old = give_token(services, customer_a, clock())
    new = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    guess_wrong(services, new, clock(), to_activate=True)
    guess_wrong(services, old, clock(), to_activate=False)
    for token, state in ((old, CredentialState.ACTIVE), (new, CredentialState.SET_UP)):
        clock.advance(seconds=1)
        teller_desk.get(page_of(customer_a)).press(page_of(customer_a) + "lift")
        assert teller_desk.says("利用停止を解除しました")
        assert read_credential(services, token).state is state


def test_each_of_the_two_can_be_ended(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    old = give_token(services, customer_a, clock())
    new = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    end = page_of(customer_a) + "end"
    teller_desk.get(page_of(customer_a))
    assert f"{end}?token={new.credential_id}" in teller_desk.links
    teller_desk.get(f"{end}?token={new.credential_id}").press(end, reason="wrongly_issued", note="")
    assert (read_credential(services, new).ended_how, read_credential(services, old).ended_how) == (
        EndedHow.CANCELLED,
        None,
    )
    again = give_token(services, customer_a, clock(), CredentialState.SET_UP)
    clock.advance(seconds=1)
    assert teller_desk.get(end).says("交換する新しいトークンがお客さまのトークンになります")
    teller_desk.press(end, reason="lost", note="")
    assert read_credential(services, old).ended_how is EndedHow.LOST
    assert teller_desk.get(page_of(customer_a)).says("お客さまに利用開始をしていただく")
    with services.store.read() as tx:
        assert tx.get_one(Credential, again.credential_id).slot == "current"


COUNTER = replace(SUCCEEDING[DUAL.id], issuance=Issuance(opens_at_login=OpensAtLogin.AFTER_APPLICATION))


@pytest.mark.parametrize("institutions", [{DUAL.id: COUNTER}])
def test_where_the_branch_applies_the_next_login_opens_the_replacement(
    teller_desk: Colleague, services: Services, customer_a: Customer, app: Flask, clock: MovableClock
) -> None:
    old = give_token(services, customer_a, clock())
    teller_desk.get(page_of(customer_a)).press(page_of(customer_a) + "apply")
    assert teller_desk.get(page_of(customer_a)).says("お客さまのログインを待つ")
    browser = Visitor(app).get("/portal/sign-in/dual")
    browser.submit(browser.path, login_id=customer_a.login_id, password=PASSWORD)
    browser.submit("/portal/sign-in-code", otp=old.code(clock()))
    assert browser.path == "/portal/token/soft/"
