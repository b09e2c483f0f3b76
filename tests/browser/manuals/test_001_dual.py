"""Manual 001: a soft token from the menu to its release, and a key fob that is dead after its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from provisioning.store.tables import Customer
from tests.browser.counter import Counter, RigTime, open_counter
from tests.browser.manuals.town import Town
from tests.browser.manuals.walk import Manual, Phone, Reader
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer

pytestmark = sqlite_only

ADDRESS, OTHER_ADDRESS = "hanako@phone.example", "hanako@home.example"
CHOSEN = "483926"
SERVICE_ID, USER_ID = "10112235", "999800000001"
FOB = "KF-000001"
MENU = ("ご利用サービスの変更", "ワンタイムパスワード")
DAY_S = 86_400


@pytest.fixture
def counter(town: Town, clock: RigTime, tmp_path: Path) -> Iterator[Counter]:
    """The branch's desk, with key fobs in its drawer."""
    with open_counter(town.services, town.base_url, clock, tmp_path) as counter:
        yield counter


def test_walk(town: Town, counter: Counter) -> None:
    manual = Manual("001")
    customer = add_customer(town.services, USER_ID)
    hanako, phone = town.window(manual), town.phone(manual)
    town.logs_in(hanako, customer)
    _menu(hanako)
    _kind(hanako)
    _soft(hanako)
    _set_up(town, phone)
    _activate(hanako, phone)
    _log_in_with_code(town, hanako, phone, customer)
    _asked_again(town, hanako, phone)
    _release(town, hanako, phone, customer)
    _fob(town, hanako, counter, customer)
    _suspended(town, hanako, counter, customer)
    _fob_is_dead(town, hanako, counter)
    _issued_anew(town, hanako, counter, customer)
    manual.finish()


def _menu(hanako: Reader) -> None:
    hanako.at("BTP001").goes_by_menu(*MENU, line=6)
    hanako.at("BOP001").reads("ワンタイムパスワード申請内容選択", "変更するボタンを押してください", line=7)
    hanako.reads("登録状況", "未登録", line=8)
    for heading in ("ワンタイムパスワードとは", "トークンとは", "ワンタイムパスワード利用解除とは"):
        expect(hanako.main.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    hanako.manual.takes(9)
    hanako.reads("1分ごとに変わる使い捨てのパスワード", "一度使ったものは二度と使えません", line=10)
    hanako.reads("ログインIDとログインパスワードに加えてワンタイムパスワードをお尋ね", line=11)
    hanako.reads("トークンは、ワンタイムパスワードを表示するもの", "トークン発行では", line=12)
    hanako.reads("機種を変えるときは、変える前に利用解除", "トークン発行と利用開始ができます", line=13)
    hanako.reads("次回のログインからワンタイムパスワードの画面は表示されず", line=14)
    hanako.is_offered("トークン発行", "ワンタイムパスワード利用開始", "ワンタイムパスワード利用解除", line=15)
    hanako.is_offered("トップページへ", line=16)


def _kind(hanako: Reader) -> None:
    hanako.presses("トークン発行", line=1).at("BOT010")
    hanako.reads("ソフトウェアトークン", "ハードウェアトークン", "キーホルダー型", line=17)
    expect(hanako.main.get_by_role("link", name=re.compile("^選択"))).to_have_count(2)
    hanako.is_offered("戻る", line=18).chooses("ソフトウェアトークン")


def _soft(hanako: Reader) -> None:
    hanako.at("BOT001").reads("アプリの初期設定で1回だけ使う", "自由に決める")
    hanako.reads("@mihon-kumiai.example", "@kagiya-otp.example", line=30)
    hanako.types("メールアドレス", ADDRESS, line=19).has_no("メールアドレス（確認用）")
    hanako.types("利用開始パスワード", CHOSEN, line=20).types("利用開始パスワード（確認用）", CHOSEN)
    hanako.presses("次へ", line=21).at("BOT003").reads(ADDRESS)
    hanako.types("確認用パスワード", CONFIRMATION_PASSWORD, line=22).presses("確定する", line=23)
    hanako.at("BOT002").reads("情報入力", "内容確認", "完了", line=24)
    hanako.reads("トークン発行を受け付けました", "メールをお送りします", line=25).reads(ADDRESS, line=26)
    hanako.reads(SERVICE_ID, USER_ID, "お忘れにならないようにしてください", line=27)
    hanako.is_offered("ページを印刷する", line=28).presses("ワンタイムパスワード申請内容選択へ", line=29)


def _set_up(town: Town, phone: Phone) -> None:
    (mail,) = town.mails(ADDRESS)
    assert mail.subject == "【見本信用組合】トークン発行のご案内"
    phone.opens_app_from(mail.text, line=31)
    phone.sets_up(SERVICE_ID, USER_ID, CHOSEN, line=32)
    phone.reads("初期設定が完了しました").taps("次へ")
    assert re.fullmatch(r"\d{8}", phone.code())
    phone.manual.takes(34)
    phone.reads("見本信用組合", line=35)
    phone.reads_manual(
        "変更の前に、インターネットバンキングで「ワンタイムパスワード利用解除」をして",
        "新しい端末では、トークン発行からお手続きください",
        "削除だけでは利用解除になりません",
        line=33,
    )


def _activate(hanako: Reader, phone: Phone) -> None:
    hanako.goes_to("/portal/").goes_by_menu(*MENU).presses("ワンタイムパスワード利用開始", line=36)
    hanako.at("BOK001").types("ワンタイムパスワード", phone.code()).presses("利用開始する", line=37)
    hanako.at("BOK002").reads("利用開始登録を受け付けました", line=38)


def _log_in_with_code(town: Town, hanako: Reader, phone: Phone, customer: Customer) -> None:
    town.next_code()
    code = phone.code()
    town.logs_in_anew(hanako, customer).at("BLG002").gives(code)
    hanako.at("BTP001", "-active")
    town.logs_in_anew(hanako, customer).gives(code).reads("確認できませんでした", line=3)
    town.next_code()
    hanako.gives(phone.code()).at("BTP001", "-active")


def _asked_again(town: Town, hanako: Reader, phone: Phone) -> None:
    town.next_code()
    hanako.presses("振込へ").at("BTR001").types("金融機関名", "見本銀行").types("支店名", "本店")
    hanako.types("口座番号", "1234567").types("受取人名", "ミホン タロウ").types("振込金額", "30000").presses(
        "次へ"
    )
    hanako.at("BTR002").types("ワンタイムパスワード", phone.code()).presses("振込を確定する")
    hanako.at("BTR003").reads("お振込みを受け付けました").presses("トップページへ")
    town.next_code()
    hanako.presses("お客様登録情報の変更へ").at("BCI001").types("メールアドレス", OTHER_ADDRESS)
    hanako.types("メールアドレス（確認用）", OTHER_ADDRESS).presses("次へ").at("BCI002")
    hanako.types("メール通知パスワード", town.mail_password(OTHER_ADDRESS))
    hanako.types("確認用パスワード", CONFIRMATION_PASSWORD).types("ワンタイムパスワード", phone.code(), line=2)
    hanako.presses("変更を確定する").at("BCI003").presses("トップページへ")


def _release(town: Town, hanako: Reader, phone: Phone, customer: Customer) -> None:
    town.next_code()
    hanako.goes_by_menu(*MENU).presses("ワンタイムパスワード利用解除", line=39).at("BOS001")
    hanako.is_offered("ソフトウェアキーボードを使用して入力する", line=41).reads("半角英数字6～12桁")
    hanako.is_offered("戻る", "申込を中止する", "解除する").reads("利用解除確認", "利用解除完了", line=43)
    hanako.presses("申込を中止する").at("BOP001", "-active").reads("利用中", line=44)
    hanako.presses("ワンタイムパスワード利用解除").types("確認用パスワード", CONFIRMATION_PASSWORD, line=40)
    hanako.types("ワンタイムパスワード", phone.code(), line=42).presses("解除する")
    hanako.at("BOS002").reads("利用解除登録を受け付けました", line=45)
    town.logs_in_anew(hanako, customer).at("BTP001", "-released")
    hanako.manual.takes(46)
    hanako.goes_by_menu(*MENU).reads("2026年11月21日 00:00 から発行できます", line=47)


def _fob(town: Town, hanako: Reader, counter: Counter, customer: Customer) -> None:
    town.waits(DAY_S)
    town.logs_in_anew(hanako, customer).goes_by_menu(*MENU).presses("トークン発行").chooses("ハードウェアトークン")
    hanako.at("BOH001").presses("申し込む").at("BOH002").presses("ワンタイムパスワード申請内容選択へ")
    teller = town.teller(hanako.manual, "dual")
    counter.drawer.plug(FOB)
    teller.finds(USER_ID).presses("フォブを選ぶ").takes_fob(FOB)
    teller.presses("お渡ししました")
    hanako.goes_by_menu(*MENU).presses("ワンタイムパスワード利用開始")
    hanako.at("BOK001", "-hard").types("ワンタイムパスワード", counter.display(FOB)).presses("利用開始する").at(
        "BOK002"
    )


def _suspended(town: Town, hanako: Reader, counter: Counter, customer: Customer) -> None:
    town.next_code()
    town.logs_in_anew(hanako, customer)
    for number in range(5):
        hanako.gives(f"1357902{number}")
    hanako.at("BLG001", "-suspended").reads("認証を停止しています", "いまはログインできません", line=4)
    town.teller(hanako.manual, "dual").finds(USER_ID).reads("利用停止").presses("利用停止を解除する", line=5)
    town.logs_in(hanako, customer).gives(counter.display(FOB)).at("BTP001", "-hard")


def _fob_is_dead(town: Town, hanako: Reader, counter: Counter) -> None:
    town.next_code()
    hanako.goes_by_menu(*MENU).presses("ワンタイムパスワード利用解除").at("BOS001", "-hard")
    hanako.types("確認用パスワード", CONFIRMATION_PASSWORD)
    hanako.types("ワンタイムパスワード", counter.display(FOB)).presses("解除する")
    hanako.at("BOS002", "-hard").reads(
        "もう一度利用開始登録をしてもご利用になれません", "ハードウェアトークンの発行"
    )
    hanako.presses("トップページへ").goes_by_menu(*MENU).is_offered("ワンタイムパスワード利用開始")
    hanako.reads("もう一度利用開始をしてもお使いになれません", line=48)


def _issued_anew(town: Town, hanako: Reader, counter: Counter, customer: Customer) -> None:
    town.waits(DAY_S)
    dead = counter.display(FOB)
    teller = town.teller(hanako.manual, "dual").finds(USER_ID).presses("トークンを発行する")
    teller.chooses("ハードウェアトークン").takes_fob(FOB).presses("お渡ししました")
    town.logs_in_anew(hanako, customer).goes_by_menu(*MENU).presses("ワンタイムパスワード利用開始")
    hanako.gives(dead).reads("確認できませんでした").gives(counter.display(FOB)).at("BOK002").manual.takes(49)
