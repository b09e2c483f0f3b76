"""What stands in the mail トークン発行のご案内, and what must not (R25)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provisioning.institutions import load_institutions
from provisioning.mail.compose import Envelope, TokenIssued, token_issued
from provisioning.rules.institution import Institution, Text, TokenIssuedTexts
from tests.fixtures.services import DUAL

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
FACTS = TokenIssued("999800000001", datetime(2026, 11, 21, 3, 0, tzinfo=UTC), "https://otp.example/app/")


def to_taro(language: str) -> Envelope:
    return Envelope("0123abcd", "taro@mihon.example", language)


def text_in(language: str, institution: Institution = DUAL) -> str:
    content = token_issued(institution, FACTS, to_taro(language), NOW).message.get_content()
    return str(content).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        (
            "ja",
            [
                "いつも見本第一銀行をご利用いただき",
                "利用開始パスワードを入力して",
                "サービスID: 10112231",
                "ユーザID: 999800000001",
                "2026年11月21日 12:00",
                "https://otp.example/app/",
                "見本第一銀行サポートセンター",
                "0120-000-001",
                "これからも見本第一銀行をよろしく",
            ],
        ),
        (
            "en",
            [
                "Thank you for banking with Sample First Bank",
                "activation password that you chose",
                "Service ID: 10112231",
                "User ID: 999800000001",
                "12:00 on 21 November 2026 (Japan time)",
                "https://otp.example/app/",
                "Sample First Bank support",
                "0120-000-001",
                "Sample First Bank",
            ],
        ),
    ],
)
def test_the_parts_stand_in_the_manuals_order(language: str, parts: list[str]) -> None:
    text = text_in(language)
    places: list[int] = []
    for part in parts:
        places.append(text.index(part, places[-1] if places else 0))
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("language", "line"), [("ja", "受付時間: 平日9時～17時"), ("en", "Hours: weekdays, 9:00 to 17:00")]
)
def test_the_contacts_hours_follow_the_number(language: str, line: str) -> None:
    hours = Text(ja="平日9時～17時", en="weekdays, 9:00 to 17:00")
    told = token_issued(replace(DUAL, contact_hours=hours), FACTS, to_taro(language), NOW)
    lines = str(told.message.get_content()).splitlines()
    number = next(place for place, text in enumerate(lines) if "0120-000-001" in text)
    assert lines[number + 1 : number + 3] == [line, ""]


def test_parts_stand_one_blank_line_apart() -> None:
    assert "\n\n\n" not in text_in("ja") + text_in("en") + text_in("ja", load_institutions()["limit-lowering"])


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_bare_app_address_is_the_only_link(language: str) -> None:
    text = text_in(language)
    assert re.findall(r"https?://\S*|www\.\S*", text) == ["https://otp.example/app/"]
    assert not re.search(r"[?&#]\w+=|login|ログイン", text)


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        (
            "ja",
            [
                "いつも見本商工信用組合をご利用いただき",
                "トークンアプリにサービスID、ユーザID、利用開始パスワードを入力し、トークンの設定を行ってください。",
                "サービスID: 10112231",
                "ユーザID: 999800000001",
                "携帯の方: https://otp.example/app/download/feature-phone\n",
                "スマートフォンの方: https://otp.example/app/\n",
                "「ワンタイムパスワード利用開始」をしてください。",
                "ご不明な点は",
                "見本商工信用組合 業務部",
                "0120-000-030",
                "これからも見本商工信用組合をよろしくお願いいたします。",
            ],
        ),
        (
            "en",
            [
                "Thank you for banking with Mihon Shoko Credit Union",
                "enter the service ID, the user ID and the activation password in the token app.",
                "Service ID: 10112231",
                "User ID: 999800000001",
                "Feature phone: https://otp.example/app/download/feature-phone\n",
                "Smartphone: https://otp.example/app/\n",
                "start using one-time passwords.",
                "If you have any question",
                "0120-000-030",
                "We are glad to be of service to you.",
            ],
        ),
    ],
)
def test_manual_003s_mail_has_its_parts_and_both_addresses(language: str, parts: list[str]) -> None:
    text = text_in(language, load_institutions()["limit-lowering"])
    places: list[int] = []
    for part in parts:
        places.append(text.index(part, places[-1] if places else 0))
    assert places == sorted(places)


def test_an_institution_greets_and_closes_in_its_own_words() -> None:
    own = TokenIssuedTexts(
        greeting=Text(ja="毎度ありがとうございます。", en="Hello again."),
        notes=(Text(ja="一つ目です。", en="One."), Text(ja="二つ目です{braces}。", en="Two {braces}.")),
        closing=Text(ja="敬具", en="Yours"),
    )
    for language, greeting, notes, closing in (
        ("ja", "毎度ありがとうございます。\n\n", "\n一つ目です。\n二つ目です{braces}。\n\n", "\n敬具\n"),
        ("en", "Hello again.\n\n", "\nOne.\nTwo {braces}.\n\n", "\nYours\n"),
    ):
        text = text_in(language, replace(DUAL, token_issued_mail=own))
        assert text.startswith(greeting)
        assert notes in text
        assert text.endswith(closing)


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("institution", sorted(load_institutions()))
def test_the_shipped_institutions_mails_have_no_link_but_the_apps(language: str, institution: str) -> None:
    profile = load_institutions()[institution]
    text = text_in(language, profile)
    links = re.findall(r"https?://\S*|www\.\S*", text)
    wanted = ["https://otp.example/app/download/feature-phone"] if profile.app.feature_phone else []
    assert links == [*wanted, "https://otp.example/app/"]
    assert not re.search(r"[?&#]\w+=|login", text)


def test_japanese_lines_break_where_a_reader_pauses() -> None:
    lines = text_in("ja").splitlines()
    sentences = [line for line in lines if line and not re.search(r": |^https", line)]
    assert [line for line in sentences if not line.endswith(("。", "、"))] == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_headers_are_those_of_an_automatic_mail(language: str) -> None:
    message = token_issued(DUAL, FACTS, to_taro(language), NOW).message
    name = DUAL.name.in_language(language)
    assert name in message["Subject"]
    assert message["From"] == f"{name} <otp@dual.example>"
    assert message["To"] == "taro@mihon.example"
    assert message["Date"] == "Fri, 20 Nov 2026 12:00:00 +0900"
    assert message["Message-ID"] == "<0123abcd@dual.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == language
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "utf-8"


def test_an_old_carrier_address_is_quoted_in_the_header_too() -> None:
    mail = token_issued(DUAL, FACTS, Envelope("0123abcd", "ta..ro.@carrier.example", "ja"), NOW)
    assert mail.recipient == '"ta..ro."@carrier.example'
    assert b'\r\nTo: "ta..ro."@carrier.example\r\n' in mail.message.as_bytes()


def test_the_address_stays_out_of_what_is_printed() -> None:
    mail = token_issued(DUAL, FACTS, to_taro("ja"), NOW)
    assert "taro" not in repr(mail)
