"""役席承認 at the console: one asks, another reads and signs, and the maker is told what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import update

from provisioning.jobs.ask_approval import ask_for
from provisioning.jobs.asked import Asked
from provisioning.jobs.asked_issuances import batch_of_fobs
from provisioning.jobs.asked_stock import changed_profile, new_station, outgoing_seeds
from provisioning.jobs.end_approval import expire_approvals
from provisioning.jobs.end_token import EndTokenCommand, end_token
from provisioning.jobs.invite_station import InviteStationCommand
from provisioning.jobs.open_batch import OpenBatchCommand
from provisioning.rules.actor import SYSTEM
from provisioning.rules.approval import ApprovalRules, ApprovedAct, AskedJob
from provisioning.rules.institution import Institution
from provisioning.rules.papers import PaperKind
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState, EndReason, FobState
from provisioning.services import Services
from provisioning.store.queries.mails import MailFilter, mails
from provisioning.store.tables import ApprovalRequest, Credential, Customer, Fob, Staff
from tests.core.papers import hand_in
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL, OTHER
from tests.fixtures.soft_authenticator import SoftAuthenticator, give_passkey
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.fobs.desk import Desk
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague

pytestmark = sqlite_only

LIST = "/staff/approvals/"


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """`dual` demands a second person for everything, papers for phones that are gone; `other` demands nothing."""
    all_acts = ApprovalRules(tuple(ApprovedAct))
    dual = replace(DUAL, approval=all_acts, papers=(PaperKind.PHONE_GONE,), reissue_next_day=False)
    return {DUAL.id: dual, OTHER.id: OTHER}


class Approver(Colleague):
    """An approver's browser, with their security key."""

    key: SoftAuthenticator

    def signs(self, request: str) -> Approver:
        """署名して承認する: what js/passkey.js does."""
        self.get(request)
        carried = self.form(request + "give")
        options = self.client.post(
            request + "options",
            data={"csrf_token": carried["csrf_token"]},
            base_url=self.base,
            headers=self._headers(),
        )
        assert options.status_code == 200
        self.submit(request + "give", response=self.key.sign(options.get_data(as_text=True)))
        return self


@pytest.fixture
def approver(app: Flask, services: Services, clock: MovableClock) -> Approver:
    """Of `dual`, 本店, signed in."""
    return sit(app, services, clock, "役席 つばさ")


def sit(app: Flask, services: Services, clock: MovableClock, name: str) -> Approver:
    staff_id = new_staff(services, clock(), StaffRole.APPROVER, name=name)
    desk = Approver(app)
    desk.key = give_passkey(services, staff_id, clock())
    sit_down(desk, session_of(services, staff_id, clock()))
    return desk


def page_of(customer: Customer) -> str:
    return f"/staff/customers/{customer.id}/"


@pytest.fixture
def suspended(services: Services, customer_a: Customer, clock: MovableClock) -> Token:
    """A's token, suspended."""
    token = give_token(services, customer_a, clock())
    with services.store.read() as session:
        rows.suspend(services, session.get_one(Credential, token.credential_id), clock())
    return token


def ask_to_lift(desk: Colleague, customer: Customer) -> str:
    """The address of the request."""
    desk.get(page_of(customer)).press(page_of(customer) + "lift")
    assert desk.says("役席者に承認を依頼しました")
    return desk.path


def test_a_suspension_is_lifted_by_two(
    teller_desk: Colleague, approver: Approver, services: Services, customer_a: Customer, suspended: Token,
    clock: MovableClock,
) -> None:  # fmt: skip
    assert teller_desk.get(page_of(customer_a)).says("この手続きには、役席者の承認が必要です")
    request = ask_to_lift(teller_desk, customer_a)
    assert teller_desk.says("役席者の承認を待つ", "承認待ち", "の利用停止を解除します")
    assert read_credential(services, suspended).state is CredentialState.SUSPENDED
    assert request in teller_desk.get(page_of(customer_a)).links
    clock.advance(minutes=3)
    approver.get(LIST)
    assert approver.says("承認待ち 1", "利用停止の解除", "3分", "窓口 花子")
    assert request in approver.links
    approver.get(request)
    assert approver.says("見本 0001 様のソフトウェアトークンの利用停止を解除します", "続けて間違えた回数 5")
    approver.signs(request)
    assert approver.says("承認・実行済み", "役席 つばさ", "パスキーで署名")
    assert read_credential(services, suspended).state is CredentialState.ACTIVE
    assert teller_desk.get("/staff/").says("依頼の結果 1")
    assert teller_desk.get(request).says("承認され、実行されました")
    assert not teller_desk.get("/staff/").says("依頼の結果")
    done = next(link for link in teller_desk.get(request).links if link.startswith("/staff/acts/"))
    assert teller_desk.get(done).says("利用停止を解除しました", "承認 役席 つばさ")


def test_a_fob_is_written_once_the_approver_has_signed(
    teller_desk: Colleague, approver: Approver, services: Services, customer_a: Customer, fob: Fob,
    station_desk: Desk,
) -> None:  # fmt: skip
    hard = page_of(customer_a) + "hard/"
    assert teller_desk.get(hard).says("役席者の承認が必要です")
    teller_desk.press(hard, serial=fob.serial)
    request = teller_desk.path
    assert request.startswith(LIST)
    with services.store.read() as session:
        assert session.get_one(Fob, fob.id).state is FobState.IN_STOCK
    approver.signs(request)
    assert approver.says("承認・実行済み")
    with services.store.read() as session:
        assert session.get_one(Fob, fob.id).state is FobState.RESERVED
    assert teller_desk.get(page_of(customer_a)).says("フォブを書き込む")


def test_a_second_soft_token_goes_on_where_it_was_asked_for(
    teller_desk: Colleague, approver: Approver, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    end_token(services, EndTokenCommand("dual", token.credential_id, EndReason.LOST, SYSTEM), clock())
    soft = page_of(customer_a) + "soft/"
    address = {"mail_address": "hanako@carrier.example", "mail_address_again": "hanako@carrier.example"}
    teller_desk.get(soft).press(soft, **address)
    request = teller_desk.path
    approver.get(request)
    assert approver.says("ご注意", "前のトークンは、紛失で終わっています")
    assert not approver.says("hanako@")
    approver.signs(request)
    assert teller_desk.get(request).says("発行の手続きを続ける")
    assert soft in teller_desk.links
    teller_desk.get(soft).press(soft, **dict.fromkeys(address, "another@carrier.example"))
    assert teller_desk.says("依頼のあとで、お客さま・フォブなどの状態が変わりました")
    teller_desk.get(soft).press(soft, **address)
    teller_desk.press(soft + "password", activation_password="48210937", activation_password_again="48210937")
    assert teller_desk.path == soft + "thanks"
    assert approver.get(request).says("承認・実行済み")
    (mail,) = mails(services, "dual", MailFilter(customer_id=customer_a.id, limit=1))
    again = f"/staff/mails/{mail.id}/again"
    teller_desk.get(again).press(again, **dict.fromkeys(address, "another@carrier.example"))
    assert teller_desk.says("承認された宛先のほかには送れません")


def test_an_approver_says_no_and_why(
    teller_desk: Colleague, approver: Approver, customer_a: Customer, suspended: Token
) -> None:
    request = ask_to_lift(teller_desk, customer_a)
    approver.get(request).press(request + "refuse", objection="")
    assert approver.says("承認しない理由を入力してください。")
    approver.press(request + "refuse", objection="本人の操作と確かめられない")
    assert approver.says("承認されず", "本人の操作と確かめられない")
    assert teller_desk.get("/staff/").says("依頼の結果 1")
    assert teller_desk.get(request).says("本人の操作と確かめられない", "何も変更されていません")


def test_nobody_there_ends_in_an_expiry_that_the_maker_is_told(
    at_desk: AtDesk, services: Services, customer_a: Customer, suspended: Token, clock: MovableClock
) -> None:
    teller, again = at_desk(), at_desk(name="窓口 次郎")
    again.get(page_of(customer_a))
    request = ask_to_lift(teller, customer_a)
    assert teller.says("期限までに承認されないときは、取りやめになります")
    again.press(page_of(customer_a) + "lift")
    assert again.says("この手続きの承認は、もう依頼されています")
    clock.advance(hours=8)
    assert expire_approvals(services, clock()) == 1
    later = at_desk(role=StaffRole.AUDITOR)
    assert later.get(request).says("期限切れ", "役席者がいるときに、もう一度依頼する")


def test_the_maker_takes_it_back(
    teller_desk: Colleague, approver: Approver, customer_a: Customer, suspended: Token
) -> None:
    request = ask_to_lift(teller_desk, customer_a)
    approver.get(request)
    teller_desk.press(request + "withdraw")
    assert teller_desk.says("取り下げ")
    approver.press(request + "refuse", objection="遅かった")
    assert approver.says("この依頼は、もう終わっています")


def test_a_signature_for_another_page_is_refused_and_the_page_says_so(
    teller_desk: Colleague, approver: Approver, services: Services, customer_a: Customer, suspended: Token,
    clock: MovableClock,
) -> None:  # fmt: skip
    request = ask_to_lift(teller_desk, customer_a)
    approver.get(request).press(request + "give", response="{}")
    assert approver.says("パスキーの署名を確かめられませんでした")
    seen = approver.form(request + "give")
    approver.post(request + "give-by-demo", {name: seen[name] for name in ("csrf_token", "seen")})
    assert approver.says("パスキーによる署名がありません")
    approver.post(request + "give-by-demo", {"csrf_token": seen["csrf_token"], "seen": "no digits"})
    assert approver.says("画面を開いたあとで依頼の内容が変わりました")
    assert read_credential(services, suspended).state is CredentialState.SUSPENDED


def test_only_approvers_of_the_branch_sign_and_each_sees_what_is_theirs(
    app: Flask, at_desk: AtDesk, approver: Approver, services: Services, customer_a: Customer,
    suspended: Token, clock: MovableClock,
) -> None:  # fmt: skip
    request = ask_to_lift(approver, customer_a)
    assert not approver.says("署名して承認する"), "an approver's own"
    assert request + "give" not in {form.action for form in approver.forms}
    teller = at_desk().get(request)
    assert teller.says("依頼した人とは別の役席者が承認します")
    csrf = teller.form("/staff/sign-in/out")["csrf_token"]
    for act in ("give", "refuse", "options", "give-by-demo"):
        assert teller.post(request + act, {"csrf_token": csrf}).page.status_code == 403
    far = at_desk(role=StaffRole.APPROVER, branch="駅前支店")
    assert far.get(request).page.status_code == 404
    assert far.get(LIST).says("承認待ち 0")
    administrator = at_desk(role=StaffRole.ADMINISTRATOR)
    assert administrator.get(request).page.status_code == 404
    assert administrator.get(LIST).says("承認待ち 0")
    assert LIST not in at_desk(institution_id=OTHER.id).get("/staff/").links
    sit(app, services, clock, "役席 なぎさ").signs(request)
    assert read_credential(services, suspended).state is CredentialState.ACTIVE


def test_a_paper_says_that_it_takes_two_and_a_loss_does_not(
    teller_desk: Colleague, approver: Approver, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    request = f"/staff/requests/{hand_in(services, customer_a, PaperKind.PHONE_GONE, clock())}/"
    assert teller_desk.get(request).says("役席者の承認が必要です")
    teller_desk.press(request + "carry-out", act="end_as_revoked")
    assert teller_desk.path.startswith(LIST)
    assert teller_desk.says("書面 A-0001 により", "トークンを終了する（失効）", "顔写真のある本人確認書類")
    teller_desk.get(page_of(customer_a) + "end?reason=lost").press(
        page_of(customer_a) + "end", reason="lost", note=""
    )
    assert teller_desk.says("トークンを終了しました")
    asked = next(link for link in approver.get(LIST).links if link.startswith(LIST) and link != LIST)
    approver.signs(asked)
    assert approver.says("実行できず", "状態が変わりました", "何も変更されていません")
    assert read_credential(services, token).ended_how == "lost"


def test_a_demonstration_has_a_button_that_no_other_server_has(
    teller_desk: Colleague, approver: Approver, app: Flask, services: Services, customer_a: Customer,
    suspended: Token,
) -> None:  # fmt: skip
    request = ask_to_lift(teller_desk, customer_a)
    assert request + "give-by-demo" not in {form.action for form in approver.get(request).forms}
    face = app.extensions["kagiya"]
    server = replace(services.settings.server, demo=True)
    app.extensions["kagiya"] = replace(
        face, services=replace(services, settings=replace(services.settings, server=server))
    )
    with services.store.write() as tx:
        tx.execute(update(Staff).where(Staff.role == StaffRole.APPROVER).values(demo=True))
    approver.get(request).press(request + "give-by-demo")
    assert approver.says("承認・実行済み", "デモのボタン（署名なし）")


def test_what_somebody_changed_in_the_database_is_not_shown_as_words(
    teller_desk: Colleague, approver: Approver, services: Services, customer_a: Customer, suspended: Token
) -> None:
    request = ask_to_lift(teller_desk, customer_a)
    rows.change(services, ApprovalRequest, request.split("/")[-2], payload=b'{"version":1}')
    assert approver.get(LIST).page.status_code == 200
    assert approver.get(request).says("依頼の内容が書き換えられている")
    assert request + "give" not in {form.action for form in approver.forms}


def test_everything_that_may_be_asked_for_is_told_in_both_languages(
    approver: Approver, services: Services, customer_a: Customer, customer_b: Customer, station_desk: Desk,
    clock: MovableClock,
) -> None:  # fmt: skip
    token = give_token(services, customer_a, clock())
    end_token(services, EndTokenCommand("dual", token.credential_id, EndReason.STOLEN, SYSTEM), clock())
    batch = OpenBatchCommand("dual", station_desk.station_id, (customer_a.id, customer_b.id), SYSTEM, 4)
    with services.store.read() as session:
        many = batch_of_fobs(session, services, batch)
        station = new_station(session, services, InviteStationCommand("dual", "本店", "本店-9", SYSTEM))
    box = Asked(
        AskedJob.IMPORT_PSKC,
        "file",
        "本店",
        {"branch": "本店"},
        {"branch": "本店", "count": 3, "first": "A1", "last": "A3", "makers": ["Acme"], "file_sha256": "5a" * 32},
    )
    told = [
        (
            many,
            (
                "次の2名のお客さまにフォブを発行します",
                "前のトークンは、紛失で終わっています",
                "同時に書き込む数 4",
            ),
        ),
        (station, ("書込み端末「本店-9」（本店）を使えるようにします",)),
        (box, ("種入りのフォブ3個を、本店の在庫に取り込みます", "Acme", "5a5a")),
        (outgoing_seeds([("Acme", "A1")]), ("在庫のフォブ1個の種を", "番号を計算できます")),
        (changed_profile("dual", bytes(32), [("otp.digits", "8", "6")]), ("1項目変えたもの", "otp.digits 8 6")),
    ]
    for asked, sentences in told:
        request = f"{LIST}{ask_for(services, 'dual', SYSTEM, asked, clock())}/"
        approver.client.set_cookie("kagiya-language", "ja", domain="localhost")
        assert approver.get(request).says(*sentences), approver.text
        approver.client.set_cookie("kagiya-language", "en", domain="localhost")
        assert approver.get(request).says("What will be done", "Operator of the server")
    assert approver.get(LIST).says("Waiting for approval 5")
