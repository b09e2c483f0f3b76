"""A manager's pages, in the order and words of manual 004; to everybody else they are not there."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from provisioning.errors import CommitUnanswered, StoreFault, StoreUnavailable
from provisioning.jobs import manage_users
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_suspension
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Credential
from tests.company.conftest import GENERAL, INSTITUTION, Staffed
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.crawl import Met
from tests.portal.visitor import BASE, Visitor
from tests.staff.test_hostile_forms import attack

pytestmark = sqlite_only

PAGES = ("/company/", "/company/users/", *(f"/company/users/{part}/" for part in ("lift", "revoke", "loss")))
RESULTS = tuple(f"/company/users/{part}/done" for part in ("lift", "revoke", "loss"))
LIFT, REVOKE, LOSS = PAGES[2:]


def send(browser: Visitor, page: str, *ids: str, password: str = CONFIRMATION_PASSWORD, **more: str) -> Visitor:
    """Tick these users in the list on `page`, type the confirmation password and press the button."""
    frame = {name: value for name, value in browser.get(page).form(page).items() if name in {"csrf_token", "step"}}
    return post(browser, page, frame | {"confirmation_password": password} | more, *ids)


def post(browser: Visitor, page: str, fields: dict[str, str], *ids: str) -> Visitor:
    """Send exactly this."""
    data = MultiDict([*fields.items(), *(("users", one) for one in ids)])
    answer = browser.client.post(page, data=data, base_url=BASE, headers={"Referer": BASE + page})
    return browser._follow(answer)


def test_an_administrator_lifts_the_master_as_the_manual_tells(company: Staffed, enter: SignIn) -> None:
    house = company.house
    house.suspend(company.master, company.general)
    browser = enter(company.first).get("/portal/")
    assert "/company/" in browser.links
    assert "業務選択" in browser.get("/company/").text
    assert "利用者(ユーザ)管理" in browser.text
    assert "作業内容選択" in browser.get("/company/users/").text
    assert "ワンタイムパスワードの利用停止解除" in browser.text
    assert "ワンタイムパスワード利用停止解除一覧" in browser.get(LIFT).text
    for user, role in ((company.master, "マスターユーザ"), (company.general, "一般ユーザ")):
        assert f"{user.name} {user.login_id} {role}" in browser.text
    assert company.second.name not in browser.text
    assert "停止解除" in browser.text
    send(browser, LIFT, house.token(company.master))
    assert browser.path == "/company/users/lift/done"
    assert "ワンタイムパスワード利用停止解除結果" in browser.text
    assert f"{company.master.name} {company.master.login_id} マスターユーザ 解除しました" in browser.text
    assert company.general.name not in browser.text
    assert house.state(company.master) is CredentialState.ACTIVE
    assert house.state(company.general) is CredentialState.SUSPENDED


def test_the_result_tells_who_was_not_lifted_and_why(
    company: Staffed, enter: SignIn, services: Services, clock: MovableClock
) -> None:
    house = company.house
    house.suspend(company.master, company.general, company.other_general)
    browser = enter(company.first).get(LIFT)
    fields = browser.form(LIFT) | {"confirmation_password": CONFIRMATION_PASSWORD}
    fields.pop("users")
    send(enter(company.second), LIFT, house.token(company.general))
    lift_suspension(services, LiftSuspensionCommand(INSTITUTION, house.token(company.master), SYSTEM), clock())
    everybody = (company.master, company.general, company.other_general)
    post(browser, LIFT, fields, *(house.token(user) for user in everybody))
    assert "解除しました: 1名" in browser.text
    assert "2名は処理していません" in browser.text
    assert f"一般ユーザ すでに解除されています 2026年11月20日 12:02 {company.second.name} 様" in browser.text
    assert "マスターユーザ すでに解除されています 2026年11月20日 12:02 当方" in browser.text


def test_a_post_made_again_does_nothing_again(company: Staffed, enter: SignIn) -> None:
    house = company.house
    house.suspend(company.general)
    browser = enter(company.first).get(LIFT)
    fields = browser.form(LIFT) | {"confirmation_password": CONFIRMATION_PASSWORD}
    fields.pop("users")
    post(browser, LIFT, fields, house.token(company.general))
    house.suspend(company.general)
    for _ in range(3):
        post(browser, LIFT, fields, house.token(company.general))
        assert browser.path == "/company/users/lift/done"
        assert "二重には受け付けていません" in browser.text
    assert house.state(company.general) is CredentialState.SUSPENDED


def test_a_revocation_tells_the_clock_time_to_manager_and_user(
    company: Staffed, enter: SignIn, sign_in: SignIn, clock: MovableClock
) -> None:
    house, user = company.house, company.general
    browser = enter(company.master)
    clock.advance(seconds=1)
    assert "トークン失効" in browser.get(REVOKE).text
    assert "いま失効すると、2026年11月20日 12:22 からです。" in browser.text
    assert company.master.login_id not in browser.text
    send(browser, REVOKE, house.token(user), house.token(company.second))
    assert "トークン失効結果" in browser.text
    assert browser.text.count("失効しました") == 3
    assert "ログインとトークン発行は 2026年11月20日 12:22 から" in browser.text
    assert "2026年11月20日 12:22 からログインいただけます" in sign_in(user).text
    clock.advance(minutes=19, seconds=59)
    assert "からログインいただけます" in sign_in(user).text
    clock.advance(seconds=1)
    assert sign_in(user).path.startswith("/portal/")
    assert house.state(company.second) is CredentialState.ENDED


def test_a_loss_is_one_act_and_holds_at_once(company: Staffed, enter: SignIn, services: Services) -> None:
    house, user = company.house, company.general
    inside = enter(user)
    assert inside.path == "/portal/"
    browser = send(enter(company.first), LOSS, house.token(user))
    assert "トークン紛失結果" in browser.text
    assert "紛失として失効しました" in browser.text
    with services.store.read() as tx:
        of_token = select(AuditEntry).where(AuditEntry.credential_id == house.token(user))
        ended = tx.scalars(of_token.order_by(AuditEntry.id.desc())).first()
    assert ended is not None
    assert (ended.actor_id, ended.facts["actor_role"]) == (company.first.id, company.first.company_role)
    assert "から" not in browser.text.partition(user.name)[2].partition("処理日時")[0]
    with services.store.read() as tx:
        assert tx.get_one(Credential, house.token(user)).sealed_seed is None


def test_a_company_without_anything_to_do_is_told_so(company: Staffed, enter: SignIn, services: Services) -> None:
    browser = enter(company.master)
    assert "利用停止となっている利用者はいません。" in browser.get(LIFT).text
    assert LIFT not in [form.action for form in browser.forms]
    assert browser.get("/company/users/lift/done").path == LIFT
    everybody = [company.house.token(user) for user in company.everybody[1:]]
    send(browser, REVOKE, *everybody)
    for page in (REVOKE, LOSS):
        assert "トークンを持っている利用者は、ほかにいません。" in browser.get(page).text


def test_general_users_customers_and_strangers_find_nothing_there(
    company: Staffed, enter: SignIn, sign_in: SignIn, services: Services, app: Flask
) -> None:
    private = add_customer(services, "123456780001", "dual")
    for browser in (enter(company.general), sign_in(private)):
        assert not [link for link in browser.get("/portal/").links if link.startswith("/company/")]
        for page in (*PAGES, *RESULTS):
            assert browser.get(page).page.status_code == 404
        csrf = browser.get("/portal/").form("/portal/sign-out")["csrf_token"]
        for page in (LIFT, REVOKE, LOSS):
            post(browser, page, {"csrf_token": csrf}, company.house.token(company.master))
            assert browser.page.status_code == 404
    for page in (*PAGES, *RESULTS):
        assert Visitor(app).get(page).path.startswith("/portal/sign-in")


@pytest.mark.parametrize("page", [LIFT, REVOKE, LOSS])
def test_foreign_ids_are_not_found_and_change_nothing(
    company: Staffed, elsewhere: Staffed, enter: SignIn, page: str
) -> None:
    company.house.suspend(company.general)
    elsewhere.house.suspend(elsewhere.general)
    browser = enter(company.first)
    for stranger in ("0" * 32, "😀", "x" * 10_000, elsewhere.house.token(elsewhere.general)):
        send(browser, page, company.house.token(company.general), stranger)
        assert browser.page.status_code == 404
    assert company.house.state(company.general) is CredentialState.SUSPENDED
    assert elsewhere.house.state(elsewhere.general) is CredentialState.SUSPENDED


@pytest.mark.parametrize("page", [LIFT, REVOKE, LOSS])
def test_what_is_wrong_is_said_beside_the_field_and_the_ticks_stay(
    company: Staffed, enter: SignIn, page: str
) -> None:
    house = company.house
    house.suspend(company.second, company.general)
    browser = enter(company.first)
    assert "対象の利用者を選択してください。" in send(browser, page).text
    assert (
        "確認用パスワードを入力してください。"
        in send(browser, page, house.token(company.general), password="").text
    )
    send(browser, page, house.token(company.general), password="notThis1")
    assert "確認用パスワードが正しくありません。" in browser.text
    ticked = f'value="{house.token(company.general)}" checked'
    assert ticked in browser.page.text
    assert browser.page.text.count(" checked") == 1
    assert "お客さまからは行えない方がいます" in send(browser, page, house.token(company.first)).text
    assert "二重に選択されています" in send(browser, page, *[house.token(company.general)] * 2).text
    assert send(browser, page, house.token(company.general), surprise="1").page.status_code == 422
    assert house.state(company.general) is CredentialState.SUSPENDED


def test_a_manager_who_is_suspended_meanwhile_is_shut_out(company: Staffed, enter: SignIn) -> None:
    browser = enter(company.first).get(REVOKE)
    company.house.suspend(company.first)
    for page in PAGES:
        assert browser.get(page).path.startswith("/portal/sign-in")
    assert company.house.state(company.general) is CredentialState.ACTIVE


def test_a_long_list_can_be_searched(company: Staffed, enter: SignIn) -> None:
    people = [company.house.add(GENERAL, f"SHAIN{n:04}") for n in range(100, 112)]
    company.house.equip(*people)
    browser = enter(company.first).get(REVOKE)
    assert "利用者を探す" in browser.text
    browser.get(f"{REVOKE}?q=login0103")
    assert people[3].name in browser.text
    assert people[4].name not in browser.text
    assert "あてはまる利用者は、この一覧にいません" in browser.get(f"{REVOKE}?q=xyz").text


def test_a_form_left_open_leads_to_the_sign_in(company: Staffed, enter: SignIn, clock: MovableClock) -> None:
    browser = enter(company.first).get(REVOKE)
    fields = browser.form(REVOKE)
    clock.now += timedelta(minutes=11)
    assert post(browser, REVOKE, fields).path.startswith("/portal/sign-in")


@pytest.mark.parametrize("page", [LIFT, REVOKE, LOSS])
def test_no_harm_is_done_by_the_form(company: Staffed, enter: SignIn, services: Services, page: str) -> None:
    company.house.suspend(company.general)
    browser = enter(company.first).get(page)
    (form,) = (form for form in browser.forms if form.action == page)
    attack(browser, Met(page, form), services)


def test_whoever_needs_no_lifting_is_told_apart(
    company: Staffed, enter: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, (_, _, second, general, other) = company.house, company.everybody
    house.suspend(second, other)
    browser = enter(company.first).get(LIFT)
    fields = browser.form(LIFT) | {"confirmation_password": CONFIRMATION_PASSWORD}
    fields.pop("users")
    send(enter(company.master), REVOKE, house.token(second))

    def lift(services: Services, command: LiftSuspensionCommand, now: datetime) -> CredentialState:
        if command.credential_id == house.token(other):
            raise StoreUnavailable(StoreFault.LOCKED)
        return lift_suspension(services, command, now)

    monkeypatch.setattr(manage_users, "lift_suspension", lift)
    post(browser, LIFT, fields, *(house.token(user) for user in (second, general, other)))
    assert "3名は処理していません。" in browser.text
    assert f"{second.login_id} 管理者ユーザ トークンが失効しているため、解除できません" in browser.text
    assert f"{general.login_id} 一般ユーザ 利用停止ではありません" in browser.text
    assert f"{other.login_id} 一般ユーザ ただいま処理できませんでした。" in browser.text


def test_what_may_have_been_done_is_not_told_as_undone(
    company: Staffed, enter: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, general = company.house, company.general
    house.suspend(general)

    def lift(services: Services, command: LiftSuspensionCommand, now: datetime) -> CredentialState:
        lift_suspension(services, command, now)
        raise CommitUnanswered(StoreFault.UNREACHABLE)

    monkeypatch.setattr(manage_users, "lift_suspension", lift)
    browser = send(enter(company.first), LIFT, house.token(general))
    assert "1名は処理されたかどうかを確認できませんでした。" in browser.text
    assert f"{general.login_id} 一般ユーザ 処理の結果を確認できませんでした。" in browser.text
    assert "処理していません" not in browser.text
