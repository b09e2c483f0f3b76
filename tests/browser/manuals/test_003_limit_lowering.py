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
    taro.reads("スマートフォンの日付・時刻・タイムゾーン（日本）が正しいことをお確かめください", line=1)
    taro.reads("利用開始パスワードを入力し、「次へ」ボタンを", "スマートフォンで受信できるメールアドレス", line=7)
    taro.reads("お控えいただくか、お忘れにならないようご注意ください", line=12).is_offered("戻る", "次へ", line=13)
    taro.types(LABEL, ADDRESS, line=8).types(f"{LABEL}（確認用）", ADDRESS, line=9)
    taro.types("利用開始パスワード", CHOSEN, line=10).types("利用開始パスワード（確認用）", CHOSEN, line=11)
    taro.presses("次へ")


def _check(town: Town, taro: Reader) -> None:
    taro.at("BOT003").reads("トークン発行（ソフトウェアトークン発行情報入力内容確認）", line=14)
    taro.reads("確認用パスワードとメール通知パスワードを入力し、「確定する」ボタンを押してください", line=15)
    taro.reads(ADDRESS, line=16).is_offered("ソフトウェアキーボードを使用して入力する", line=18)
    taro.is_offered("戻る", "申込を中止する", "確定する", line=20)
    taro.presses("申込を中止する").at("BOP001", "-cancelled").reads("未登録", line=21)
    _enter_again(taro)
    taro.types("メール通知パスワード", town.mail_password(HOME), line=19)
    taro.types("確認用パスワード", CONFIRMATION_PASSWORD, line=17).presses("確定する")


def _enter_again(taro: Reader) -> None:
    taro.presses("トークン発行").types(LABEL, ADDRESS).types(f"{LABEL}（確認用）", ADDRESS)
    taro.types("利用開始パスワード", CHOSEN).types("利用開始パスワード（確認用）", CHOSEN).presses("次へ")


def _done(taro: Reader) -> None:
    taro.at("BOT002").reads("トークン発行（ソフトウェアトークン発行完了）", line=22)
    taro.reads("トークン発行を受け付けました", "メールをお送りします", "トークン情報に従い", line=23)
    taro.reads(ADDRESS, line=24).reads(SERVICE_ID, USER_ID, line=25).reads(
        "お忘れにならないようにしてください", line=26
    )
    taro.presses("ワンタイムパスワード申請内容選択へ", line=27)


def _mail(manual: Manual, mail: CaughtMail) -> None:
    assert mail.subject == "【見本商工信用組合】トークン発行のご案内"
    parts = {
        28: r"いつも見本商工信用組合をご利用いただき、?ありがとうございます。",
        29: r"サービスID、ユーザID、利用開始パスワードを入力し",
        30: rf"サービスID ?: {SERVICE_ID}\nユーザID ?: {USER_ID}\n",
        31: r"携帯の方.+http\S+",
        32: r"スマートフォンの方.+http\S+",
        33: r"ご不明な点は、下記まで",
        34: r"連絡先.+0120-000-030.+これからも見本商工信用組合をよろしくお願い",
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
    phone.goes_to("/app/download").at("BAP007").reads("使えるのは")
    phone.reads_manual("初期設定", "サービスIDとユーザID、お申込みのときに決めた利用開始パスワード")
    phone.sets_up(SERVICE_ID, USER_ID, CHOSEN)
    phone.reads("初期設定が完了しました").taps("次へ", line=35).gives_name("")
    assert len(phone.code()) == 8


def _activate(taro: Reader, phone: Phone) -> None:
    taro.goes_by_menu(*MENU).at("BOP001", "-issued").reads("トークン発行済", SERVICE_ID, USER_ID, line=37)
    taro.reads("ワンタイムパスワードの登録情報を表示します", "変更するボタンを押してください", line=36)
    taro.reads("ワンタイムパスワードは1分ごとに変わる", "トークンは", "ワンタイムパスワード利用解除を", line=38)
    taro.reads("次のログインから、ワンタイムパスワードをお尋ねしません", line=39)
    taro.reads("利用解除の翌日以降に", line=40).reads("重要", "iPhone（iOS 16以降）", line=41)
    taro.presses("ワンタイムパスワード利用開始").at("BOK001").reads("ソフトウェアトークン確認", line=42)
    taro.reads("番号を入力し、「利用開始する」ボタンを押してください", line=43)
    taro.is_offered("戻る", "申込を中止する", "利用開始する", line=45)
    taro.presses("申込を中止する").at("BOP001", "-issued").reads("トークン発行済", line=46)
    taro.presses("ワンタイムパスワード利用開始").types("ワンタイムパスワード", phone.code(), line=44)
    taro.presses("利用開始する").at("BOK002").reads("利用開始登録を受け付けました", line=47)
    taro.presses("ワンタイムパスワード申請内容選択へ", line=48)


def _release(taro: Reader, phone: Phone) -> None:
    taro.at("BOP001", "-active").reads("トークン発行済").presses("ワンタイムパスワード利用解除", line=49)
    taro.at("BOS001").reads("利用解除確認", "利用解除完了", line=50).reads("1,000,000円", "200,000円", line=52)
    taro.reads("確認用パスワードとワンタイムパスワードを入力し、「解除する」ボタンを押してください", line=51)
    taro.is_offered("戻る", "申込を中止する", "解除する", line=54)
    taro.is_offered("ソフトウェアキーボードを使用して入力する")
    taro.types("確認用パスワード", CONFIRMATION_PASSWORD).types("ワンタイムパスワード", phone.code(), line=53)
    taro.presses("解除する").at("BOS002").reads("利用解除登録を受け付けました", line=55)
    taro.reads("「トークンの削除」を行ってください", "利用者マニュアル")


def _afterwards(town: Town, taro: Reader, phone: Phone, customer: Customer) -> None:
    phone.taps("編集: 見本商工信用組合")
    phone.at("BAP004").taps("削除する").page.locator("dialog").get_by_role("button", name="削除する").click()
    phone.reads("削除しました")
    phone.manual.takes(57)
    taro.presses("トップページへ", line=56)
    taro.at("BTP001", "-released").reads("200,000円", line=58)
    assert "200,000円に引き下げました" in town.mails(ADDRESS)[-1].text
    town.logs_in_anew(taro, customer).at("BTP001", "-released").manual.takes(59)
    taro.goes_by_menu("ワンタイムパスワード申請", "ワンタイムパスワード申請").reads(
        "2026年11月21日 00:00 から発行できます"
    )
    town.waits(86_400)
    town.logs_in_anew(taro, customer).goes_to("/portal/token/").presses("トークン発行").at("BOT001").manual.takes(
        60
    )
