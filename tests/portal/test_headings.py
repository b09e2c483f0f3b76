"""Long headings may break between their parts, and only there."""

from __future__ import annotations

import re

import pytest
from markupsafe import Markup

from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.portal.conftest import SignIn
from web.headings import breakable, whole


@pytest.mark.parametrize(
    ("title", "parts"),
    [
        (
            "トークン発行（ソフトウェアトークン発行情報入力内容確認）",
            ["トークン発行（ソフトウェアトークン", "発行情報入力内容確認）"],
        ),
        ("ワンタイムパスワードトークン発行", ["ワンタイムパスワード", "トークン発行"]),
        ("ワンタイムパスワードの利用停止解除", ["ワンタイムパスワードの利用停止解除"]),
        ("ソフトウェアトークン", ["ソフトウェアトークン"]),
        ("Get a token", ["Get a token"]),
    ],
)
def test_a_compound_breaks_behind_its_first_part(title: str, parts: list[str]) -> None:
    assert breakable(Markup.escape(title)).split("<wbr>") == parts


@pytest.mark.parametrize(
    ("sentence", "identifiers"),
    [
        ("フォブ KF-000123 をお渡しする", ["KF-000123"]),
        ("背面の番号 AB-12-9 と K-0001234", ["AB-12-9", "K-0001234"]),
        ("one-time passwords, 1 – 3", []),
        ("KF0000123", []),
        ("番号 " + "ABC-" * 8 + "1、", []),
        (Markup("a &amp; <b>KF-000123</b>"), ["KF-000123"]),
    ],
)
def test_an_identifier_stays_in_one_piece(sentence: str, identifiers: list[str]) -> None:
    told = whole(sentence)
    assert re.findall(r'<span class="whole">([^<]*)</span>', told) == identifiers
    assert told.striptags() == Markup.escape(sentence).striptags()


@sqlite_only
def test_a_page_is_called_as_before(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a).get("/portal/token/")
    assert "<h1>ワンタイムパスワード<wbr>申請内容選択</h1>" in browser.page.text
    assert "ワンタイムパスワード申請内容選択" in browser.text
