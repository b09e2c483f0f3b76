"""Manual 003: every screen by its ID, from the menu to the lowered transfer limit."""

from __future__ import annotations

import re

from provisioning.store.tables import Customer
from tests.browser.manuals.town import Town
from tests.browser.manuals.walk import Manual, Phone, Reader
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import use_mail_password
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer
from tests.rig.mail_catcher import CaughtMail

pytestmark = sqlite_only

MENU = ("ワンタイムパスワード申請", "ワンタイムパスワード申請")
HOME = "taro@home.example"
LABEL = "携帯電話メールアドレス"
ADDRESS = "taro@phone.example"
CHOSEN = "483926"
SERVICE_ID, USER_ID = "10112231", "999800000001"


def test_walk(town: Town) -> None:
    manual = Manual("003")
    customer = add_customer(town.services, USER_ID, "limit-lowering", transfer_limit_yen=1_000_000)
    use_mail_password(town.services, customer, HOME)
    taro, phone = town.window(manual), town.phone(manual)
    town.logs_in(taro, customer)
    _apply(taro)
    _check(town, taro)
    _done(taro)
    _mail(manual, town.mails(ADDRESS)[-1])
    _set_up(town, phone)
    _activate(taro, phone)
    town.next_code()
    _release(taro, phone)
    _afterwards(town, taro, phone, customer)
    manual.finish()


def _apply(taro: Reader) -> None:
    taro.at("BTP001").goes_by_menu(*MENU, line=3)
    taro.at("BOP001").reads("ワンタイムパスワード申請内容選択", line=4).presses("トークン発行", line=5)
    taro.at("BOT001").reads("トークン発行（ソフトウェアトークン発行情報入力）", line=6)
    taro.reads("@mihon-shoko.example", "@kagiya-otp.example", line=2)
    taro.reads("お控えいただくか、お忘れにならないようご注意ください", line=11).is_offered("戻る", "次へ", line=12)
    taro.types(LABEL, ADDRESS, line=7).types(f"{LABEL}（確認用）", ADDRESS, line=8)
    taro.types("利用開始パスワード", CHOSEN, line=9).types("利用開始パスワード（確認用）", CHOSEN, line=10)
    taro.presses("次へ")


def _check(town: Town, taro: Reader) -> None:
    taro.at("BOT003").reads("トークン発行（ソフトウェアトークン発行情報入力内容確認）", line=13)
    taro.reads(ADDRESS, line=14).is_offered("ソフトウェアキーボードを使用して入力する", line=16)
    taro.is_offered("戻る", "申込を中止する", "確定する", line=18)
    taro.presses("申込を中止する").at("BOP001", "-cancelled").reads("未登録", line=19)
    _enter_again(taro)
    taro.types("メール通知パスワード", town.mail_password(HOME), line=17)
    taro.types("確認用パスワード", CONFIRMATION_PASSWORD, line=15).presses("確定する")


def _enter_again(taro: Reader) -> None:
    taro.presses("トークン発行").types(LABEL, ADDRESS).types(f"{LABEL}（確認用）", ADDRESS)
    taro.types("利用開始パスワード", CHOSEN).types("利用開始パスワード（確認用）", CHOSEN).presses("次へ")


def _done(taro: Reader) -> None:
    taro.at("BOT002").reads("トークン発行（ソフトウェアトークン発行完了）", line=20)
    taro.reads("トークン発行を受け付けました", "メールをお送りします", "トークン情報に従い", line=21)
    taro.reads(ADDRESS, line=22).reads(SERVICE_ID, USER_ID, line=23).reads(
        "お忘れにならないようにしてください", line=24
    )
    taro.reads("スマートフォンの日付・時刻・タイムゾーン（日本）を正しく合わせてください", line=1)
    taro.presses("ワンタイムパスワード申請内容選択へ", line=25)


def _mail(manual: Manual, mail: CaughtMail) -> None:
    assert mail.subject == "【見本商工信用組合】トークン発行のご案内"
    parts = {
        26: r"いつも見本商工信用組合をご利用いただき、?ありがとうございます。",
        27: r"サービスID、ユーザID、利用開始パスワードを入力し",
        28: rf"サービスID ?: {SERVICE_ID}\nユーザID ?: {USER_ID}\n",
        29: r"携帯の方.+http\S+",
        30: r"スマートフォンの方.+http\S+",
        31: r"連絡先.+0120-000-030.+これからも見本商工信用組合をよろしくお願い",
    }
    rest = mail.text
    for line, part in parts.items():
        found = re.search(part, rest, re.DOTALL)
        assert found, (line, rest)
        rest = rest[found.start() :]
        manual.takes(line)
    assert CHOSEN not in mail.text


def _set_up(town: Town, phone: Phone) -> None:
    phone.goes_to("/app/download/feature-phone").at("BAP008").reads(
        "携帯電話（フィーチャーフォン）ではお使いいただけません"
    )
    phone.goes_to("/app/download").at("BAP007").reads("使えるのは", line=36)
    phone.sets_up(SERVICE_ID, USER_ID, CHOSEN)
    phone.reads("初期設定が完了しました").taps("次へ", line=32).gives_name("")
    assert len(phone.code()) == 8


def _activate(taro: Reader, phone: Phone) -> None:
    taro.goes_to("/portal/token/").at("BOP001", "-issued").reads("トークン発行済", SERVICE_ID, USER_ID, line=33)
    taro.reads("ワンタイムパスワードは1分ごとに変わる", "トークンは", "ワンタイムパスワード利用解除を", line=34)
    taro.reads("利用解除の翌日以降に", line=35)
    taro.presses("ワンタイムパスワード利用開始").at("BOK001").reads("ソフトウェアトークン確認", line=37)
    taro.is_offered("戻る", "申込を中止する", "利用開始する", line=39)
    taro.presses("申込を中止する").at("BOP001", "-issued").reads("トークン発行済", line=40)
    taro.presses("ワンタイムパスワード利用開始").types("ワンタイムパスワード", phone.code(), line=38)
    taro.presses("利用開始する").at("BOK002").reads("利用開始登録を受け付けました", line=41)
    taro.presses("ワンタイムパスワード申請内容選択へ", line=42)


def _release(taro: Reader, phone: Phone) -> None:
    taro.at("BOP001", "-active").reads("トークン発行済").presses("ワンタイムパスワード利用解除", line=43)
    taro.at("BOS001").reads("利用解除確認", "利用解除完了", line=44).reads("1,000,000円", "200,000円", line=45)
    taro.is_offered("戻る", "申込を中止する", "解除する", line=47)
    taro.is_offered("ソフトウェアキーボードを使用して入力する")
    taro.types("確認用パスワード", CONFIRMATION_PASSWORD).types("ワンタイムパスワード", phone.code(), line=46)
    taro.presses("解除する").at("BOS002").reads("利用解除登録を受け付けました", line=48)
    taro.reads("「トークンの削除」を行ってください", "利用者マニュアル")


def _afterwards(town: Town, taro: Reader, phone: Phone, customer: Customer) -> None:
    phone.taps("編集: 見本商工信用組合")
    phone.at("BAP004").taps("削除する").page.locator("dialog").get_by_role("button", name="削除する").click()
    phone.reads("削除しました")
    phone.manual.takes(50)
    taro.presses("トップページへ", line=49)
    taro.at("BTP001", "-released").reads("200,000円", line=51)
    assert "200,000円に引き下げました" in town.mails(ADDRESS)[-1].text
    town.logs_in_anew(taro, customer).at("BTP001", "-released").manual.takes(52)
    taro.goes_by_menu("ワンタイムパスワード申請", "ワンタイムパスワード申請").reads(
        "2026年11月21日 00:00 から発行できます"
    )
    town.waits(86_400)
    town.logs_in_anew(taro, customer).goes_to("/portal/token/").presses("トークン発行").at("BOT001").manual.takes(
        53
    )
