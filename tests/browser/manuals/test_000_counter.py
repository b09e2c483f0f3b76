"""Manual 000: applied for at the counter; issuance, app and confirmation in one sitting at the next login."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from sqlalchemy import select

from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.verdict import Reason
from provisioning.store.tables import Customer, Ticket, TicketState
from tests.browser.manuals.town import Town
from tests.browser.manuals.walk import Manual, Phone, Reader
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer

pytestmark = sqlite_only

WRONG, ADDRESS = "akari@phome.example", "akari@phone.example"
CHOSEN = "483926"
SERVICE_ID, USER_ID = "10121234", "1234567890123ABC"


def test_walk(town: Town) -> None:
    manual = Manual("000")
    customer = add_customer(town.services, USER_ID, "counter")
    town.teller(manual, "counter").finds(USER_ID).presses("利用申込を登録する", line=1)
    akari, phone = town.window(manual), town.phone(manual)
    town.logs_in(akari, customer)
    _issue(akari)
    _wait(town, akari, customer)
    _set_up(town, akari, phone)
    _confirm(town, akari, phone)
    manual.finish()


def _issue(akari: Reader) -> None:
    akari.at("BOT001").reads("ワンタイムパスワード利用開始登録（ソフトウェアトークン）", line=2)
    akari.reads("ワンタイムパスワードトークン発行").has_no("確認用パスワード").manual.takes(3)
    akari.reads("ワンタイムパスワード用アプリのURLと設定に必要な情報をお送りします", line=5)
    akari.reads("携帯電話・スマートフォンのメールアドレス", line=6)
    akari.reads("@kagiya-otp.example", "受信可能に設定", line=7)
    akari.reads("アプリの初期設定のときだけ使うパスワード", line=9).reads("半角数字4桁以上8桁以内", line=10)
    akari.types("送信先メールアドレス", WRONG).types("利用開始パスワード", "48a926").presses("トークン発行")
    akari.reads("入力内容をご確認ください", line=11)
    akari.types("送信先メールアドレス", WRONG, line=4).types("利用開始パスワード", CHOSEN, line=8)
    akari.has_no("送信先メールアドレス（確認用）").presses("トークン発行", line=12)


def _wait(town: Town, akari: Reader, customer: Customer) -> None:
    akari.at("BOK003").reads("ワンタイムパスワード認証確認", line=13).reads(WRONG, line=15)
    akari.reads("ワンタイムパスワードを入力のうえ、「認証確認」ボタンを押してください", line=14)
    akari.reads(SERVICE_ID, USER_ID, line=16).reads("アプリの初期設定で入力します", line=18)
    akari.reads("下のサービスID・ユーザIDと利用開始パスワードを入力します", line=23)
    akari.is_offered("認証確認", line=20).is_offered("戻る", line=21)
    assert len(town.mails(WRONG)) == 1
    akari.presses("戻る").at("BOT005").types("送信先メールアドレス", ADDRESS).types("利用開始パスワード", CHOSEN)
    akari.presses("トークン発行").at("BOK003").reads(ADDRESS)
    with town.services.store.read() as session:
        assert sorted(session.scalars(select(Ticket.state))) == [TicketState.OPEN, TicketState.VOID]
    akari.manual.takes(22)
    akari.page.reload()
    akari.at("BOK003")
    town.logs_in_anew(akari, customer).at("BOK003").reads(SERVICE_ID, USER_ID, line=24)
    told = verify(town.services, VerifyCommand("counter", USER_ID, "12345678", SYSTEM), town.clock())
    assert told.reason is Reason.NOT_ACTIVE
    akari.manual.takes(37)


def _set_up(town: Town, akari: Reader, phone: Phone) -> None:
    mail = town.mails(ADDRESS)[-1]
    assert "トークン発行のご案内" in mail.subject
    akari.manual.takes(25)
    assert re.search(rf"サービスID ?: {SERVICE_ID}\nユーザID ?: {USER_ID}\n", mail.text)
    akari.manual.takes(17)
    phone.opens_app_from(mail.text, line=26)
    phone.at("BAP001").presses("ダウンロードサイト").at("BAP007").reads("iPhone", "Android", line=28)
    phone.presses("アプリに戻る").at("BAP001").manual.takes(27)
    phone.sets_up(SERVICE_ID, USER_ID, CHOSEN, line=29)
    phone.at("BAP002").reads("初期設定が完了しました", line=30).reads("タイムゾーンを「日本」に合わせ", line=31)
    phone.reads("60秒ごと", "そのつど表示されているもの", line=32)
    phone.reads("次に、インターネットバンキングで利用開始", "それまで番号は使えません", line=38)
    phone.taps("次へ", line=33).at("BAP006").gives_name("", line=34)
    phone.at("BAP003")
    first = phone.code()
    town.next_code()
    assert phone.code() != first
    akari.manual.takes(35)
    phone.page.reload()
    assert re.fullmatch(r"\d{8}", phone.code())
    akari.manual.takes(36)


def _confirm(town: Town, akari: Reader, phone: Phone) -> None:
    expect(akari.main).to_contain_text("アプリの初期設定ができました")
    wrong = f"{(int(phone.code()) + 1) % 10**8:08d}"
    akari.types("ワンタイムパスワード", wrong).presses("認証確認")
    akari.at("BOK003", "-refused").reads("正しく入力", line=40).reads("変わった直後", line=41)
    akari.reads("日付・時刻", "タイムゾーン", line=42)
    akari.types("ワンタイムパスワード", phone.code(), line=19).presses("認証確認")
    akari.at("BOK002").reads("利用開始登録を受け付けました", line=39)
