"""After five minutes what counts asks anew who sits there, and then goes on where it was."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from provisioning.jobs.add_staff import AddStaffCommand, add_staff
from provisioning.jobs.make_demo_link import MakeDemoLinkCommand, make_demo_link
from provisioning.rules.actor import SYSTEM
from provisioning.rules.permissions import StaffRole
from provisioning.rules.roles import ALL_ROLES
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.settings import ServerSettings
from provisioning.store.tables import AuditEntry, Customer, Staff
from tests.fixtures.databases import sqlite_only
from tests.fixtures.soft_authenticator import SoftAuthenticator, give_passkey
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.portal.conftest import MovableClock
from tests.staff.conftest import Colleague
from tests.staff.passkey_steps import go_on, sign_in_with, step_up_with
from web.app import create_app
from web.pages.staff.fresh_acts import ASK_ANEW

pytestmark = sqlite_only

ASKS = "/staff/step-up/"


@pytest.fixture
def desk(app: Flask, key: SoftAuthenticator) -> Colleague:
    """The teller, signed in with it."""
    browser = Colleague(app)
    sign_in_with(browser, key)
    return browser


@pytest.fixture
def token(services: Services, customer_a: Customer, clock: MovableClock) -> Token:
    """In the customer's hand, in force."""
    return give_token(services, customer_a, clock())


def lost(desk: Colleague, token: Token) -> None:
    """The form of an ending, filled in and sent."""
    path = f"/staff/customers/{token.customer_id}/end"
    desk.get(path).press(path, credential_id=token.credential_id, reason="lost", note="電車の中 & 雨")


def ended(services: Services, token: Token) -> bool:
    """Whether the token is at its end."""
    return read_credential(services, token).state is CredentialState.ENDED


def test_five_minutes_are_enough_and_a_second_more_asks(
    services: Services, desk: Colleague, token: Token, clock: MovableClock
) -> None:
    clock.advance(minutes=5, seconds=1)
    lost(desk, token)
    assert (desk.path, ended(services, token)) == (ASKS, False)
    clock.advance(seconds=-1)
    lost(desk, token)
    assert (desk.path.startswith("/staff/acts/"), ended(services, token)) == (True, True)


def test_what_was_typed_goes_on_after_it(
    services: Services, desk: Colleague, token: Token, key: SoftAuthenticator, clock: MovableClock
) -> None:
    clock.advance(minutes=6)
    lost(desk, token)
    assert desk.says("ご本人の確認", "いまの操作の内容は残っています")
    before = desk.client.get_cookie("__Host-kagiya-staff")
    step_up_with(desk, key)
    after = desk.client.get_cookie("__Host-kagiya-staff")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert (desk.says("確認できました"), ended(services, token)) == (True, False)
    go_on(desk)
    assert (desk.path.startswith("/staff/acts/"), ended(services, token)) == (True, True)
    desk.client.set_cookie("__Host-kagiya-staff", before.value, domain="localhost", secure=True)
    assert desk.get("/staff/").path == "/staff/sign-in/"
    with services.store.read() as tx:
        told = tx.scalars(select(AuditEntry.act).order_by(AuditEntry.id.desc()).limit(40)).all()
        (note,) = [
            row["note"] for row in tx.scalars(select(AuditEntry.facts).where(AuditEntry.act == "end_token"))
        ]
    assert {"step_up", "use_passkey"} <= set(told)
    assert note == "電車の中 & 雨"


def test_without_the_right_answer_nothing_happens(
    services: Services, desk: Colleague, token: Token, key: SoftAuthenticator, clock: MovableClock
) -> None:
    clock.advance(minutes=6)
    lost(desk, token)
    step_up_with(desk, replace(key, verified=False))
    assert (desk.path, desk.says("本人確認のできるパスキーを使ってください")) == (ASKS, True)
    assert ended(services, token) is False
    for weaker in ("demo", "fallback"):  # than what they signed in with
        csrf = desk.form("/staff/sign-in/out")["csrf_token"]
        desk.post(f"/staff/step-up/{weaker}", {"csrf_token": csrf})
        assert desk.page.status_code == 403
        desk.get(ASKS)
    assert f"/staff/customers/{token.customer_id}/end" in desk.links
    step_up_with(desk, key)
    assert desk.says("先ほどの操作を、そのままの内容で続けます")


def test_somebody_elses_passkey_is_no_answer(
    services: Services, desk: Colleague, token: Token, clock: MovableClock
) -> None:
    other = Staff(institution_id="dual", branch="本店", name="他", role=StaffRole.TELLER, created_at=clock())
    with services.store.write() as tx:
        tx.add(other)
    theirs = give_passkey(services, other.id, clock())
    clock.advance(minutes=6)
    lost(desk, token)
    step_up_with(desk, theirs)
    assert (desk.path, ended(services, token)) == (ASKS, False)


def test_a_page_that_asks_is_opened_after_it(desk: Colleague, key: SoftAuthenticator, clock: MovableClock) -> None:
    clock.advance(minutes=6)
    desk.get("/staff/account/passkeys/new")
    assert desk.path == ASKS
    step_up_with(desk, key)
    assert desk.path == "/staff/account/passkeys/new"
    desk.get("/staff/step-up/on")
    assert desk.path == "/staff/"


def test_what_does_not_count_asks_nothing(
    desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    clock.advance(minutes=14)
    for path in ("/staff/", f"/staff/customers/{customer_a.id}/", "/staff/stock/", "/staff/account/"):
        assert desk.get(path).path == path


def test_a_demonstration_asks_for_one_press(services: Services, clock: MovableClock, customer_a: Customer) -> None:
    server = ServerSettings(base_url="http://localhost", demo=True)
    demo = replace(services, settings=replace(services.settings, server=server))
    command = AddStaffCommand("dual", "本店", "窓口 太郎", StaffRole.TELLER, SYSTEM, demo=True)
    staff_id = add_staff(demo, command, clock())
    desk = Colleague(create_app(demo, ALL_ROLES, clock))
    desk.get(make_demo_link(demo, MakeDemoLinkCommand(staff_id, SYSTEM), clock()).path)
    token = give_token(demo, customer_a, clock())
    clock.advance(minutes=6)
    lost(desk, token)
    assert desk.says("デモの確認です", "実際の窓口では、パスキーを使います")
    desk.press("/staff/step-up/demo")
    go_on(desk)
    assert ended(demo, token)


def test_the_table_names_endpoints_that_exist(app: Flask) -> None:
    assert ASK_ANEW - {rule.endpoint for rule in app.url_map.iter_rules()} == set()


def test_every_issuance_end_lifting_and_account_is_in_the_table(app: Flask) -> None:
    counting = re.compile(
        r"/(end|lift|unlock|cancel-issuance|carry-out|revoke|again|address)$|/(soft|hard|batches)/$|^/staff/people/"
    )
    posts = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/staff/") and "POST" in (rule.methods or ())
    ]
    named = {rule.endpoint for rule in posts if counting.search(rule.rule)} - {"staff_account.end_session"}
    assert named - ASK_ANEW == set()
    assert len(named) > 10
