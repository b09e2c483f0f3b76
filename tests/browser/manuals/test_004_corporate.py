"""Manual 004: the users of a company, from the issuance at login to what a master does for the others."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from provisioning.jobs.add_company import AddCompanyCommand, add_company
from provisioning.rules.actor import SYSTEM
from provisioning.rules.company import CompanyRole
from provisioning.rules.timetable import JST
from provisioning.store.tables import Customer
from tests.browser.manuals.town import Town
from tests.browser.manuals.walk import Manual, Phone, Reader
from tests.company.conftest import House
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD

pytestmark = sqlite_only

ADDRESS = "ippan@phone.example"
CHOSEN = "483926"
SERVICE_ID, USER_ID = "10112257", "MIHON0002"


def test_walk(town: Town) -> None:
    manual = Manual("004")
    command = AddCompanyCommand("corporate", "見本商事株式会社", SYSTEM)
    house = House(town.services, add_company(town.services, command, town.clock()))
    master = house.add(CompanyRole.MASTER, "MIHON0001")
    general = house.add(CompanyRole.GENERAL, USER_ID)
    house.equip(master, now=town.clock())
    ippan, phone = town.window(manual), town.phone(manual)
    town.logs_in(ippan, general)
    _issue(ippan)
    _set_up(town, phone)
    _confirm(ippan, phone)
    boss = town.window(manual)
    _lift(town, house, boss, ippan, phone, master, general)
    _master_is_lifted(town, house, boss, master)
    _revoke(town, house, boss, ippan, master, general)
    manual.finish()


def _issue(ippan: Reader) -> None:
    ippan.at("BOT001").reads("トークン発行", line=4).reads("トークンとは、1回限りのパスワード", line=5)
    ippan.reads("スマートフォンの日付・時刻・タイムゾーン（日本）が正しいこと", line=2).reads(
        "@kagiya-otp.example", line=7
    ).reads("お控え", line=9)
    ippan.types("メールアドレス", ADDRESS).types("メールアドレス（確認用）", ADDRESS, line=6)
    ippan.types("利用開始パスワード", CHOSEN).types("利用開始パスワード（確認用）", CHOSEN, line=8)
    ippan.presses("トークン発行", line=10).at("BOK003")


def _set_up(town: Town, phone: Phone) -> None:
    (mail,) = town.mails(ADDRESS)
    assert re.search(rf"サービスID ?: {SERVICE_ID}\nユーザID ?: {USER_ID}\n", mail.text)
    assert CHOSEN not in mail.text
    phone.manual.takes(11)
    phone.opens_app_from(mail.text).presses("ダウンロードサイト", line=12).at("BAP007")
    phone.reads("通信料がかかります", "電波のよい所で", line=14).reads("アプリストアは使いません")
    phone.reads("「トークンの追加」をしてください", "ホーム画面の「ワンタイム」を開き", line=17)
    phone.sets_up(SERVICE_ID, USER_ID, CHOSEN, line=18)
    phone.reads("初期設定が完了しました").taps("次へ")
    assert re.fullmatch(r"\d{8}", phone.code())
    phone.manual.takes(19)
    first = phone.code()
    town.next_code()
    assert phone.code() != first
    phone.manual.takes(1)
    phone.taps("＋ トークンの追加").reads("トークンの初期設定").is_offered("送信", line=15)
    phone.reads_manual("タイムゾーンを「日本」にしてください", "ずれると、アプリがお知らせします", line=3)
    phone.reads_manual("登録は10件までです", line=16)


def _confirm(ippan: Reader, phone: Phone) -> None:
    ippan.at("BOK003").types("ワンタイムパスワード", phone.code()).presses("認証確認", line=20)
    ippan.at("BOK002").reads("利用開始登録を受け付けました").presses("ワンタイムパスワード申請内容選択へ")
    ippan.reads("BOP001", "再発行が必要なときは、マスターユーザまたは管理者ユーザがトークンを失効", line=28)


def _lift(
    town: Town, house: House, boss: Reader, ippan: Reader, phone: Phone, master: Customer, general: Customer
) -> None:
    town.next_code()
    town.logs_in_anew(ippan, general)
    for number in range(5):
        ippan.gives(f"1357902{number}")
    ippan.reads("認証を停止しています", "マスターユーザまたは管理者ユーザに、利用停止解除をご依頼ください")
    town.logs_in(boss, master).gives(house.tokens[master.id].code(town.clock()))
    _to_work(boss, line=24)
    boss.presses("ワンタイムパスワードの利用停止解除", line=25).at("BCS001").reads(
        "利用者一覧", general.name, "利用停止"
    )
    boss.ticks(general.name).types("確認用パスワード", CONFIRMATION_PASSWORD).presses("停止解除", line=26)
    boss.at("BCS002").reads(general.name, "解除しました", line=27)
    town.next_code()
    town.logs_in(ippan, general).gives(phone.code()).at("BTP001").manual.takes(23)


def _to_work(boss: Reader, line: int = 0) -> None:
    boss.goes_by_menu_entry("管理").at("BCM001").presses("利用者(ユーザ)管理", line=line).at("BCM002")


def _master_is_lifted(town: Town, house: House, boss: Reader, master: Customer) -> None:
    """By the institution, as there is no administrator yet; then there is one, who does it."""
    house.suspend(master, now=town.clock())
    town.logs_in_anew(boss, master).reads("BLG001", "下記へご連絡ください", "0120-000-040")
    town.teller(boss.manual, "corporate").finds(master.user_id).presses("利用停止を解除する", line=22)
    administrator = house.add(CompanyRole.ADMINISTRATOR, "MIHON0003")
    house.equip(administrator, now=town.clock())
    house.suspend(master, now=town.clock())
    town.next_code()
    kanri = town.window(boss.manual)
    town.logs_in(kanri, administrator).gives(house.tokens[administrator.id].code(town.clock()))
    _to_work(kanri)
    kanri.presses("ワンタイムパスワードの利用停止解除").ticks(master.name)
    kanri.types("確認用パスワード", CONFIRMATION_PASSWORD).presses("停止解除").reads(
        master.name, "解除しました", line=21
    )


def _revoke(town: Town, house: House, boss: Reader, ippan: Reader, master: Customer, general: Customer) -> None:
    town.next_code()
    town.logs_in_anew(boss, master).gives(house.tokens[master.id].code(town.clock()))
    _to_work(boss)
    boss.presses("トークンの失効", line=30).at("BCR001").reads("失効の20分後から").reads(
        "20:50から翌日8:10までの失効は8:10から", line=35
    )
    boss.ticks(general.name).types("確認用パスワード", CONFIRMATION_PASSWORD).presses("失効", line=31)
    boss.at("BCR002").reads(general.name, "失効しました", line=32).manual.takes(29)
    told = re.search(r"ログインとトークン発行は (\d+)年(\d+)月(\d+)日 (\d+):(\d+) から", boss.main.inner_text())
    assert told
    wait = datetime(*map(int, told.groups()), tzinfo=JST) - town.clock()  # type: ignore[arg-type, misc]
    assert timedelta(minutes=19) < wait < timedelta(minutes=21)
    town.logs_in_anew(ippan, general).at("BLG001", "-waiting").reads(
        "いまはログインできません", told.group(4), line=34
    )
    town.waits(21 * 60)
    town.logs_in_anew(ippan, general).at("BOT001", "-anew").manual.takes(33)
