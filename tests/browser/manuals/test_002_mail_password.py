"""Manual 002: a soft token, the papers when something goes wrong, and passwords by mail instead."""

from __future__ import annotations

import re

from provisioning.store.tables import Customer
from tests.browser.manuals.town import Town
from tests.browser.manuals.walk import Manual, Phone, Reader
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer

pytestmark = sqlite_only

ADDRESS, HOME = "sakura@phone.example", "sakura@home.example"
LABEL = "携帯電話メールアドレス"
CHOSEN = "483926"
SERVICE_ID, USER_ID = "10112240", "999820000001"
FUNCTIONS = "セキュリティ機能のご利用"
PAPERS = {
    22: "利用解除をせずに機種変更",
    24: "故障・紛失",
    25: "発行規制",
    35: "受信できない",
}


def test_walk(town: Town) -> None:
    manual = Manual("002")
    customer = add_customer(town.services, USER_ID, "mail-password")
    sakura, phone = town.window(manual), town.phone(manual)
    town.logs_in(sakura, customer)
    _issue(sakura)
    _set_up(town, phone)
    _activate(sakura, phone)
    _papers(town, sakura, phone, customer)
    _release(town, sakura, phone)
    _use_mail_password(town, sakura)
    _transfer(town, sakura, customer)
    manual.finish()


def _use_mail_password(town: Town, sakura: Reader) -> None:
    sakura.presses("トップページへ").goes_by_menu(FUNCTIONS, "メール通知パスワード利用変更", line=37).at("BMP001")
    sakura.reads("いずれか一つのみのご利用", "受信できなくなったとき").reads(
        "故障・紛失のときは、先に書面", line=36
    )
    sakura.types("メールアドレス", HOME).types("メールアドレス（確認用）", HOME)
    sakura.presses("メール通知パスワード情報の変更確認画面へ", line=39).at("BMP002").reads(HOME)
    sakura.types("確認用パスワード", CONFIRMATION_PASSWORD)
    sakura.types("メール通知パスワード", town.mail_password(HOME), line=40)
    sakura.presses("変更を確定する", line=41).at("BMP003").reads("利用変更完了メール")
    started = next(mail for mail in town.mails(HOME) if "利用開始のご案内" in mail.subject)
    for words in ("様", "いつも見本県信用組合をご利用いただき", "うけつけました", "0120-000-020"):
        assert words in started.text
    sakura.manual.takes(46)
    _change_address(town, sakura)


def _change_address(town: Town, sakura: Reader) -> None:
    """From now on with the password of the old address, and one to the new."""
    sakura.goes_by_menu(FUNCTIONS, "メール通知パスワード利用変更").at("BMP001", "-in-use")
    sakura.presses("もう一度送信する")
    sakura.types("メールアドレス", ADDRESS).types("メールアドレス（確認用）", ADDRESS)
    sakura.types("メール通知パスワード", town.mail_password(HOME), line=38)
    sakura.presses("メール通知パスワード情報の変更確認画面へ").at("BMP002").reads(ADDRESS)
    sakura.types("確認用パスワード", CONFIRMATION_PASSWORD)
    sakura.types("メール通知パスワード", town.mail_password(ADDRESS)).presses("変更を確定する")
    sakura.at("BMP003", "-changed").reads("sa", "@phone.example", line=42)
    assert any("利用変更完了" in mail.subject for mail in town.mails(ADDRESS))
    sakura.manual.takes(43)
    sakura.presses("トップページへ")


def _transfer(town: Town, sakura: Reader, customer: Customer) -> None:
    _enter_transfer(sakura)
    first = town.mail_password(ADDRESS)
    sakura.types("メール通知パスワード", first, line=44).presses("振込を確定する").at("BTR003").presses(
        "続けて振り込む"
    )
    _fill_transfer(sakura)
    sakura.types("メール通知パスワード", first).presses("振込を確定する").at("BTR003")
    town.logs_in_anew(sakura, customer)
    _enter_transfer(sakura)
    sakura.types("メール通知パスワード", first).presses("振込を確定する").at("BTR002", "-refused").manual.takes(45)


def _enter_transfer(sakura: Reader) -> None:
    sakura.presses("振込へ")
    _fill_transfer(sakura)


def _fill_transfer(sakura: Reader) -> None:
    sakura.at("BTR001").types("金融機関名", "見本銀行").types("支店名", "本店").types("口座番号", "1234567")
    sakura.types("受取人名", "ミホン タロウ").types("振込金額", "30000").presses("次へ").at("BTR002")


def _issue(sakura: Reader) -> None:
    sakura.goes_by_menu(FUNCTIONS, "ワンタイムパスワード", line=2)
    sakura.at("BOP001").reads("登録状況", "注意事項", "登録情報変更処理", line=3)
    sakura.reads("1分ごとに変わる使い捨て", "アプリ）が自動で作成します", line=1)
    sakura.reads("変える前にワンタイムパスワード利用解除", line=20).reads("もう一度トークン発行から", line=21)
    sakura.presses("トークン発行", line=4).at("BOT001").reads("アプリの初期設定で1回だけ使う", line=7)
    sakura.types(LABEL, ADDRESS).types(f"{LABEL}（確認用）", ADDRESS, line=5)
    sakura.types("利用開始パスワード", CHOSEN).types("利用開始パスワード（確認用）", CHOSEN, line=6)
    sakura.presses("次へ", line=8).at("BOT003").reads(ADDRESS)
    sakura.types("確認用パスワード", CONFIRMATION_PASSWORD).presses("確定する", line=9)
    sakura.at("BOT002").reads(ADDRESS, SERVICE_ID, USER_ID, line=10)
    sakura.reads("@mihon-kenshin.example", "@kagiya-otp.example", line=11)
    sakura.presses("ワンタイムパスワード利用者マニュアル", line=13).at("BAP005")


def _set_up(town: Town, phone: Phone) -> None:
    phone.opens_app_from(town.mails(ADDRESS)[-1].text, line=12)
    phone.sets_up(SERVICE_ID, USER_ID, CHOSEN, line=14)
    phone.reads("お読みになり、同意してください").agrees(line=15).taps("送信", line=16)
    phone.reads("初期設定が完了しました").taps("次へ", line=17)
    phone.reads("変更後の追加文言").gives_name("給与用").reads("見本県信用組合 給与用", line=18)
    assert re.fullmatch(r"\d{8}", phone.code())
    phone.manual.takes(19)


def _activate(sakura: Reader, phone: Phone) -> None:
    sakura.goes_to("/portal/").goes_by_menu(FUNCTIONS, "ワンタイムパスワード").reads(SERVICE_ID, USER_ID)
    sakura.presses("ワンタイムパスワード利用開始", line=27).at("BOK001")
    wrong = f"{(int(phone.code()) + 1) % 10**8:08d}"
    sakura.types("ワンタイムパスワード", wrong).presses("利用開始する").reads("確認できませんでした")
    sakura.types("ワンタイムパスワード", phone.code()).presses("利用開始する", line=28)
    sakura.at("BOK002").reads("利用開始登録を受け付けました", line=29).manual.takes(26)
    sakura.goes_to("/portal/").goes_by_menu(FUNCTIONS, "メール通知パスワード利用変更")
    sakura.at("BMP001", "-token").reads(
        "トークンをお持ちのため、メール通知パスワードはご利用になれません", line=34
    )


def _papers(town: Town, sakura: Reader, phone: Phone, customer: Customer) -> None:
    """Suspended by wrong entries: nothing helps but the paper, which has a form of its own at the counter."""
    town.next_code()
    town.logs_in_anew(sakura, customer)
    for number in range(5):
        sakura.gives(f"1357902{number}")
    sakura.at("BLG001", "-suspended").reads("認証を停止しています")
    teller = town.teller(sakura.manual, "mail-password").finds(USER_ID).presses("書面を受け付ける").at("SPP002")
    for line, kind in PAPERS.items():
        teller.reads(kind, line=line)
    teller.picks("利用停止の解除").types("書面の番号", "A-0042").picks("お届け印の照合").presses("受け付ける")
    teller.at("SPP003").picks("利用停止を解除する").presses("手続きする").reads("利用停止を解除しました", line=23)
    town.logs_in(sakura, customer).gives(phone.code()).at("BTP001")


def _release(town: Town, sakura: Reader, phone: Phone) -> None:
    town.next_code()
    sakura.goes_by_menu(FUNCTIONS, "ワンタイムパスワード").presses("ワンタイムパスワード利用解除", line=30)
    sakura.at("BOS001").reads("ご注意", "次回のログインから、ワンタイムパスワードの入力がなくなります", line=31)
    sakura.types("確認用パスワード", CONFIRMATION_PASSWORD)
    sakura.types("ワンタイムパスワード", phone.code()).presses("解除する", line=32)
    sakura.at("BOS002").reads("利用解除登録を受け付けました", line=33)
