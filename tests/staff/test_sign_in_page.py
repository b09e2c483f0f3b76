"""Signing in at the console: by passkey, for fifteen idle minutes, until disabled."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from provisioning.jobs.add_staff import AddStaffCommand, add_staff
from provisioning.jobs.disable_staff import DisableStaffCommand, disable_staff
from provisioning.jobs.invite_staff import InviteStaffCommand, invite_staff
from provisioning.jobs.make_demo_link import MakeDemoLinkCommand, make_demo_link
from provisioning.rules.actor import SYSTEM
from provisioning.rules.permissions import StaffRole
from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.settings import ServerSettings
from provisioning.store.queries.staff import staff_of
from tests.fixtures.databases import sqlite_only
from tests.fixtures.soft_authenticator import SoftAuthenticator
from tests.fixtures.staff_sessions import new_staff
from tests.portal.conftest import MovableClock
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.passkey_steps import SIGN_IN, WELCOME, enrol, open_link, options, sign_in_with
from web.app import create_app

pytestmark = sqlite_only

CLOSED = "/staff/sign-in/"


def test_a_passkey_lets_in(app: Flask, key: SoftAuthenticator) -> None:
    browser = Colleague(app)
    sign_in_with(browser, key)
    assert (browser.path, browser.says("窓口 花子", "本店")) == ("/staff/", True)
    cookie = browser.client.get_cookie("__Host-kagiya-staff")
    assert cookie is not None
    assert (cookie.secure, cookie.http_only, cookie.same_site) == (True, True, "Strict")
    browser.get(SIGN_IN)
    assert browser.path == "/staff/"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ({"verified": False}, "本人確認のできるパスキーを使ってください"),
        ({"origin": "https://evil.example"}, "このパスキーでは確認できませんでした"),
        ({"credential_id": b"?" * 32}, "このパスキーでは確認できませんでした"),
    ],
)
def test_what_a_passkey_must_not_be(
    app: Flask, key: SoftAuthenticator, spoil: dict[str, object], sentence: str
) -> None:
    browser = Colleague(app)
    for name, value in spoil.items():
        setattr(key, name, value)
    sign_in_with(browser, key)
    assert (browser.path, browser.says(sentence)) == (CLOSED, True)
    assert browser.get("/staff/").path == CLOSED


def test_an_answer_is_good_in_the_browser_that_asked_and_once(app: Flask, key: SoftAuthenticator) -> None:
    asked, other = Colleague(app), Colleague(app)
    asked.get(SIGN_IN)
    answer = key.sign(options(asked, SIGN_IN + "options"))
    other.get(SIGN_IN)
    options(other, SIGN_IN + "options")
    other.press(SIGN_IN, response=answer)
    assert other.says("もう一度お試しください")
    asked.press(SIGN_IN, response=answer)
    assert asked.path == "/staff/"
    asked.get("/staff/").press("/staff/sign-in/out")
    asked.press(SIGN_IN, response=answer)
    assert asked.path == CLOSED


def test_an_invitation_becomes_a_passkey(app: Flask, services: Services, clock: MovableClock) -> None:
    staff_id = new_staff(services, clock(), StaffRole.ADMINISTRATOR, name="管理 しおん")
    path = invite_staff(services, InviteStaffCommand(staff_id, SYSTEM), clock()).path
    assert "/staff/welcome/#" in path  # behind the mark it reaches no server's log
    browser, key = Colleague(app), SoftAuthenticator()
    for looking in (Colleague(app), browser):  # does not spend it
        open_link(looking, path)
        assert (looking.path, looking.says("管理 しおん", "見本第一銀行 本店", "システム管理者")) == (
            WELCOME,
            True,
        )
    enrol(browser, key, name="")
    assert browser.says("パスキーの名前を入力してください")
    key.verified = False
    enrol(browser, key)
    assert browser.says("本人確認のできるパスキーを使ってください")
    key.verified = True
    enrol(browser, key)
    assert (browser.path, browser.says("管理 しおん")) == ("/staff/stations/", True)
    late = Colleague(app)
    open_link(late, path)
    assert late.page.status_code == 404
    again = Colleague(app)
    sign_in_with(again, key)
    assert again.path == "/staff/stations/"


def test_an_invented_or_old_invitation_says_what_to_do(
    app: Flask, services: Services, clock: MovableClock
) -> None:
    browser = Colleague(app)
    assert browser.get(WELCOME).says("受け取った登録用リンクを、もう一度開いてください")
    open_link(browser, WELCOME + "#invented")
    assert (browser.page.status_code, browser.says("新しい登録用リンクの発行を依頼してください")) == (404, True)
    staff_id = new_staff(services, clock())
    path = invite_staff(services, InviteStaffCommand(staff_id, SYSTEM), clock()).path
    clock.advance(minutes=59, seconds=59)
    open_link(browser, path)
    answer = SoftAuthenticator().make(options(browser, WELCOME + "options"))
    clock.advance(seconds=1)
    browser.press(WELCOME, name="鍵", response=answer)
    assert browser.page.status_code == 404


def test_a_demo_link_works_from_this_machine_only(services: Services, clock: MovableClock) -> None:
    demo = replace(
        services,
        settings=replace(services.settings, server=ServerSettings(base_url="http://localhost", demo=True)),
    )
    app = create_app(demo, ALL_ROLES, clock)
    command = AddStaffCommand("dual", "本店", "窓口 太郎", StaffRole.TELLER, SYSTEM, demo=True)
    path = make_demo_link(demo, MakeDemoLinkCommand(add_staff(demo, command, clock()), SYSTEM), clock()).path
    for _ in range(2):
        browser = Colleague(app)
        assert browser.get(path).path == "/staff/"
    elsewhere = app.test_client()
    for environment, headers in (
        ({"REMOTE_ADDR": "192.0.2.7"}, {}),
        ({"REMOTE_ADDR": "127.0.0.1"}, {"X-Forwarded-For": "192.0.2.7"}),
        ({"REMOTE_ADDR": "nowhere"}, {}),
    ):
        answer = elsewhere.get(path, environ_overrides=environment, headers=headers)
        assert answer.status_code == 404
    production = create_app(services, ALL_ROLES, clock).test_client()
    assert production.get(path).status_code == 404


def test_every_page_asks_for_a_sign_in(app: Flask) -> None:
    for path in ("/staff/", "/staff/search/", "/staff/stock/", "/staff/stations/live", "/staff/acts/1"):
        assert Colleague(app).get(path).path == CLOSED
    answer = app.test_client().post("/staff/customers/x/lift", base_url="https://localhost")
    assert answer.status_code == 400  # without the form's token


def test_signing_out_ends_it(teller_desk: Colleague) -> None:
    teller_desk.get("/staff/")
    teller_desk.press("/staff/sign-in/out")
    assert teller_desk.path == CLOSED
    assert teller_desk.get("/staff/").path == CLOSED


def test_fifteen_idle_minutes_end_it_and_the_page_says_so(teller_desk: Colleague, clock: MovableClock) -> None:
    clock.advance(minutes=14, seconds=59)
    assert teller_desk.get("/staff/").path == "/staff/"
    clock.advance(minutes=15)
    teller_desk.get("/staff/")
    assert (teller_desk.path, teller_desk.says("15分以上操作がなかった")) == (CLOSED, True)


def test_disabled_staff_are_out_with_the_next_request(
    at_desk: AtDesk, services: Services, clock: MovableClock
) -> None:
    desk = at_desk(name="窓口 次郎")
    (member,) = staff_of(services.store, "dual")
    disable_staff(services, DisableStaffCommand("dual", member.id, SYSTEM), clock())
    assert desk.get("/staff/").path == CLOSED


@pytest.mark.parametrize("path", ["/staff/sign-in/out", "/staff/stock/x/back"])
def test_posts_without_the_forms_token_are_refused(teller_desk: Colleague, path: str) -> None:
    teller_desk.post(path, {})
    assert teller_desk.page.status_code == 400


def test_only_a_demonstration_says_where_its_links_and_passwords_stand(
    app: Flask, services: Services, clock: MovableClock
) -> None:
    server = ServerSettings(base_url="http://localhost", demo=True)
    shown = create_app(replace(services, settings=replace(services.settings, server=server)), ALL_ROLES, clock)
    for path in (CLOSED, "/portal/sign-in/dual"):
        assert "デモでは" in Colleague(shown).get(path).text
        assert "デモでは" not in Colleague(app).get(path).text
