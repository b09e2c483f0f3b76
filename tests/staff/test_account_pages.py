"""サインインと端末, and staff accounts kept by administrators: what the pages let one do."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Customer, StaffFallback
from tests.fixtures.databases import sqlite_only
from tests.fixtures.soft_authenticator import SoftAuthenticator, give_passkey
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down
from tests.fixtures.tokens import Token, give_token
from tests.portal.conftest import MovableClock
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.passkey_steps import enrol, open_link, options, sign_in_with

pytestmark = sqlite_only

ACCOUNT = "/staff/account/"
PEOPLE = "/staff/people/"
PASSWORD = "緑の鍵束と 42 羽の燕"
USER_ID = "999800009001"


@pytest.fixture
def boss(at_desk: AtDesk) -> Colleague:
    """An administrator of `dual`, signed in."""
    return at_desk(role=StaffRole.ADMINISTRATOR, name="管理 しおん")


def signed_in(app: Flask, services: Services, staff_id: str, clock: MovableClock) -> Colleague:
    """Another browser of theirs."""
    browser = Colleague(app)
    sit_down(browser, session_of(services, staff_id, clock()))
    return browser


def test_an_administrator_enters_invites_and_shuts_out(
    app: Flask, services: Services, boss: Colleague, clock: MovableClock
) -> None:
    boss.get(PEOPLE).press(PEOPLE, staff_name="", branch="本店", role="teller")
    assert boss.says("担当者の名前を入力してください")
    boss.press(PEOPLE, staff_name="窓口 新人", branch="本店", role="nobody")
    assert boss.says("役割を選んでください")
    boss.press(PEOPLE, staff_name="窓口 新人", branch="本店", role="teller")
    person = boss.path
    assert boss.says("担当者を登録しました", "登録されたパスキーはありません")
    boss.press(person + "invite")
    link = next(word for word in boss.text.split() if word.startswith("https://otp.example/staff/welcome/"))
    boss.get("/staff/stations/").get(person)
    assert boss.says("まで有効")
    newcomer, key = Colleague(app), SoftAuthenticator()
    open_link(newcomer, link.removeprefix("https://otp.example"))
    enrol(newcomer, key)
    assert newcomer.path == "/staff/"
    assert boss.get(PEOPLE).says("窓口 新人", "利用中")
    boss.get(person).press(person + "disable")
    assert (boss.says("利用を止めました"), newcomer.get("/staff/").path) == (True, "/staff/sign-in/")
    sign_in_with(newcomer, key)
    assert newcomer.says("サインインできませんでした")
    boss.press(person + "enable")
    sign_in_with(newcomer, key)
    assert newcomer.path == "/staff/"


def test_nobody_keeps_their_own_account(services: Services, boss: Colleague) -> None:
    boss.get(PEOPLE)
    own = next(link for link in boss.links if link.startswith(PEOPLE) and link != PEOPLE)
    boss.get(own)
    assert boss.says("ご自分の登録は、ほかのシステム管理者が扱います")
    csrf = boss.form("/staff/sign-in/out")["csrf_token"]
    for act in ("invite", "disable", "fallback", "fallback/unlock"):
        boss.post(own + act, {"csrf_token": csrf, **({"user_id": USER_ID} if act == "fallback" else {})})
        assert boss.says("いまの状態では、この操作はできません"), act
    for act, field in (("passkeys/remove", "passkey_id"), ("sessions/end", "session")):
        boss.post(own + act, {"csrf_token": csrf, field: "00"})
        assert boss.page.status_code == 404, act


def test_accounts_are_an_administrators_and_of_one_institution(
    boss: Colleague, at_desk: AtDesk, services: Services, clock: MovableClock
) -> None:
    stranger = new_staff(services, clock(), institution_id="other")
    assert boss.get(f"{PEOPLE}{stranger}/").page.status_code == 404
    csrf = boss.get(PEOPLE).form("/staff/sign-in/out")["csrf_token"]
    for act in ("invite", "disable", "enable", "fallback/unlock"):
        boss.post(f"{PEOPLE}{stranger}/{act}", {"csrf_token": csrf})
        assert boss.page.status_code == 404, act
    for role in (StaffRole.TELLER, StaffRole.APPROVER, StaffRole.AUDITOR):
        desk = at_desk(role=role)
        assert PEOPLE not in desk.links
        assert desk.get(PEOPLE).page.status_code == 403


def test_passkeys_of_ones_own_come_and_go(app: Flask, services: Services, clock: MovableClock) -> None:
    staff_id = new_staff(services, clock())
    first = give_passkey(services, staff_id, clock())
    clock.advance(seconds=1)
    desk = Colleague(app)
    sign_in_with(desk, first)
    new, key = ACCOUNT + "passkeys/new", SoftAuthenticator()
    desk.get(new).press(
        ACCOUNT + "passkeys", name=" ", response=key.make(options(desk, ACCOUNT + "passkeys/options"))
    )
    assert (desk.path, desk.says("パスキーの名前を入力してください")) == (new, True)
    desk.press(ACCOUNT + "passkeys", name="青い鍵", response=key.make(options(desk, ACCOUNT + "passkeys/options")))
    assert (desk.path, desk.says("パスキーを追加しました", "青い鍵", "鍵束の鍵")) == (ACCOUNT, True)
    desk.press(ACCOUNT + "passkeys/remove")
    assert (desk.says("パスキーを取り消しました"), desk.says("鍵束の鍵")) == (True, False)
    desk.press(ACCOUNT + "passkeys/remove")
    assert desk.says("最後のパスキーは取り消せません", "青い鍵")


def test_a_forgotten_browser_is_signed_out(
    app: Flask, services: Services, teller_desk: Colleague, boss: Colleague, clock: MovableClock
) -> None:
    boss.get(PEOPLE)
    person = next(
        link for link in boss.links if link.startswith(PEOPLE) and boss.get(link).says("窓口 花子 登録の内容")
    )
    staff_id = person.removeprefix(PEOPLE).strip("/")
    other = signed_in(app, services, staff_id, clock)
    other.get(ACCOUNT)
    assert other.says("この画面", "サインアウトさせる", "127.0.0.1")
    other.press(ACCOUNT + "sessions/end")
    assert other.says("サインアウトさせました")
    assert teller_desk.get("/staff/").path == "/staff/sign-in/"
    boss.get(person).press(person + "sessions/end")
    assert other.get("/staff/").path == "/staff/sign-in/"


def prepared(services: Services, boss: Colleague, staff_id: str) -> Customer:
    """Who holds the token of a colleague whose fallback the administrator prepared."""
    person = f"{PEOPLE}{staff_id}/"
    boss.get(person).press(person + "fallback", user_id="x")
    assert boss.says("この金融機関のユーザIDの形で入力してください")
    boss.press(person + "fallback", user_id=USER_ID)
    assert boss.says("予備のサインインを用意しました", USER_ID)
    with services.store.read() as tx:
        return tx.scalars(select(Customer).where(Customer.user_id == USER_ID)).one()


def test_the_fallback_from_its_making_to_a_step_up(
    app: Flask, services: Services, boss: Colleague, clock: MovableClock, teller_desk: Colleague
) -> None:
    staff_id = new_staff(services, clock(), name="窓口 次郎")
    holder = prepared(services, boss, staff_id)
    desk = signed_in(app, services, staff_id, clock)
    desk.get(ACCOUNT)
    assert desk.says("トークンなし", "ご自分では発行できません")
    assert desk.get(f"/staff/customers/{holder.id}/issue/").page.status_code == 404
    assert teller_desk.get(f"/staff/customers/{holder.id}/issue/").page.status_code == 200
    token = give_token(services, holder, clock(), CredentialState.SET_UP)
    set_up(desk, token, clock)
    number = _number(services, staff_id)
    desk.press("/staff/sign-in/out")
    clock.advance(minutes=2)
    desk.get("/staff/sign-in/fallback")
    for wrong in ({"password": "wrong but long"}, {"otp": token.wrong(clock())}, {"number": "00000000"}):
        desk.press(
            "/staff/sign-in/fallback",
            **({"number": number, "password": PASSWORD, "otp": token.code(clock())} | wrong),
        )
        assert desk.says("番号・パスワード・ワンタイムパスワードのどれかが違います")
    desk.press("/staff/sign-in/fallback", number=number, password=PASSWORD, otp=token.code(clock()))
    assert desk.path == "/staff/"
    clock.advance(minutes=6)
    _change_password(desk)
    assert desk.says("ご本人の確認", "もう一度入力してください")
    desk.press("/staff/step-up/fallback", password=PASSWORD, otp=token.wrong(clock()))
    assert desk.says("どれかが違います")
    desk.press("/staff/step-up/fallback", password=PASSWORD, otp=token.code(clock()))
    assert (desk.path, desk.says("パスワードを決めました")) == (ACCOUNT, False)  # secrets are typed anew
    _change_password(desk)
    assert desk.says("パスワードを決めました")


def set_up(desk: Colleague, token: Token, clock: MovableClock) -> None:
    """A password, and the first code."""
    desk.get(ACCOUNT).press(ACCOUNT + "password", password=PASSWORD, password_again="another one")
    assert desk.says("パスワードが確認用と一致していません")
    desk.press(ACCOUNT + "password", password="short", password_again="short")
    assert desk.says("12文字以上128文字以内")
    desk.press(ACCOUNT + "password", password=PASSWORD, password_again=PASSWORD)
    assert desk.says("パスワードを決めました")
    desk.press(ACCOUNT + "token", otp=token.wrong(clock()))
    assert desk.says("このワンタイムパスワードでは確認できませんでした")
    desk.press(ACCOUNT + "token", otp=token.code(clock()))
    assert desk.says("トークンの利用を開始しました", "利用中")


def _change_password(desk: Colleague) -> None:
    desk.get(ACCOUNT).press(ACCOUNT + "password", password=PASSWORD, password_again=PASSWORD)


def _number(services: Services, staff_id: str) -> str:
    with services.store.read() as tx:
        return tx.get_one(StaffFallback, staff_id).number


def test_a_locked_password_is_unlocked_by_an_administrator(
    app: Flask, services: Services, boss: Colleague, clock: MovableClock
) -> None:
    staff_id = new_staff(services, clock(), name="窓口 次郎")
    prepared(services, boss, staff_id)
    desk = signed_in(app, services, staff_id, clock)
    _change_password(desk)
    desk.press("/staff/sign-in/out").get("/staff/sign-in/fallback")
    for _ in range(services.institution("dual").failure_limit):
        desk.press(
            "/staff/sign-in/fallback", number=_number(services, staff_id), password="x" * 12, otp="12345678"
        )
    person = f"{PEOPLE}{staff_id}/"
    assert boss.get(person).says("ロック中")
    boss.press(person + "fallback/unlock")
    assert (boss.says("パスワードのロックを解除しました"), boss.says("ロック中")) == (True, False)
