"""Setting a soft token up in a real Chromium: from a real mail, cut off, refused, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.jobs.send_mails import SendMailsCommand, send_mails
from provisioning.mail.smtp import SmtpMailer, SmtpServer
from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.browser.conftest import look, serious
from tests.browser.soft_token.conftest import ITERATIONS
from tests.browser.soft_token.hands import (
    assert_shows_codes_of,
    fill,
    go_on,
    seed_of,
    send,
    set_up,
    wall_clock,
)
from tests.fixtures.databases import sqlite_only
from tests.soft.issuing import ACTIVATION_PASSWORD, credential, issue, strict, ticket
from tests.soft.serving import Served, served
from tests.soft.smtp_servers import Behaviour, smtp_server

pytestmark = sqlite_only


def test_set_up_from_a_real_mail(site: Served, phone: Callable[..., Page], customer_a: Customer) -> None:
    issued = issue(site.services, customer_a, wall_clock())
    behaviour = Behaviour()
    with smtp_server(behaviour) as port:
        mailer = SmtpMailer(SmtpServer("127.0.0.1", port, starttls=False))
        send_mails(site.services, SendMailsCommand(mailer), wall_clock())
    text = behaviour.kept[0].text
    found = re.search(r"サービスID: (\d+)\nユーザID: (\w+)", text)
    address = re.search(r"^http\S+$", text, re.MULTILINE)
    assert found is not None
    assert address is not None
    page = phone()
    page.goto(address.group())
    expect(page.get_by_role("heading", level=1)).to_have_text("トークンの初期設定")
    look(page, "app-setup-360-ja")
    assert serious(page) == []
    # as copied and typed by somebody in a hurry: full-width digits, spaces
    page.get_by_label("サービスID").fill("　１０１１２２３１ ")
    page.get_by_label("ユーザID").fill(f" {found.group(2)}")
    assert ACTIVATION_PASSWORD == "483926"
    page.get_by_label("利用開始パスワード").fill("４８３９　２６")
    page.get_by_role("checkbox").check()
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("初期設定が完了しました")
    expect(page.locator("main")).to_contain_text("見本第一銀行")
    look(page, "app-done-360-ja")
    assert serious(page) == []
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("トークン表示名設定")
    look(page, "app-name-360-ja")
    assert serious(page) == []
    page.get_by_label("変更後の追加文言").fill("給与用")
    page.get_by_role("button", name="登録").click()
    page.locator(".card .code span").first.wait_for()
    expect(page.locator(".card h2")).to_have_text("見本第一銀行 給与用")
    assert_shows_codes_of(page, site.services, issued)
    look(page, "app-codes-360-ja")
    assert serious(page) == []
    assert credential(site.services, issued.credential_id).state is CredentialState.SET_UP


def test_without_a_connection_set_up_says_so_and_goes_on_later(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    page = phone()
    page.goto(site.url("/app/"))
    fill(page, issued)
    page.context.set_offline(True)
    send(page)
    expect(page.locator(".notice.bad")).to_contain_text("通信できませんでした")
    look(page, "app-offline-360-ja")
    page.context.set_offline(False)
    page.get_by_label("利用開始パスワード").fill(ACTIVATION_PASSWORD)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("初期設定が完了しました")


def test_a_line_cut_after_the_server_answered_loses_nothing(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    page = phone()

    def cut(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/api/app/v1/complete", cut, times=1)
    page.goto(site.url("/app/"))
    fill(page, issued)
    send(page)
    expect(page.locator(".notice.bad")).to_contain_text("通信できませんでした")
    drawn = seed_of(site.services, issued)
    page.reload()
    expect(page.locator(".notice.info")).to_contain_text("前回の設定が途中です")
    look(page, "app-cut-360-ja")
    expect(page.get_by_label("ユーザID")).to_have_value(issued.user_id)
    page.get_by_label("利用開始パスワード").fill("715304")
    page.get_by_role("checkbox").check()
    send(page)
    expect(page.locator(".notice.bad")).to_contain_text("利用開始パスワードをお確かめください")
    page.get_by_label("利用開始パスワード").fill(ACTIVATION_PASSWORD)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("初期設定が完了しました")
    go_on(page)
    page.get_by_role("button", name="登録").click()
    page.locator(".card .code span").first.wait_for()
    assert seed_of(site.services, issued) == drawn
    assert_shows_codes_of(page, site.services, issued)


def test_a_wrong_password_is_told_and_counted(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    page = phone()
    page.goto(site.url("/app/"))
    fill(page, issued, "715304")
    send(page)
    expect(page.locator(".notice.bad")).to_contain_text("違う")
    look(page, "app-refused-360-ja")
    assert serious(page) == []
    expect(page.get_by_label("利用開始パスワード")).to_have_value("")
    assert ticket(site.services, issued.credential_id).attempts == 1
    page.reload()
    assert page.locator(".notice").count() == 0
    set_up(page, site, issued)


@pytest.fixture
def strict_site(services: Services, institutions: Mapping[str, Institution]) -> Iterator[Served]:
    """As `site`, with `dual` under the strict activation profile."""
    with served(replace(services, institutions=strict(institutions)), wall_clock, ITERATIONS) as one:
        yield one


def test_a_strict_service_asks_for_the_set_up_code_too(
    strict_site: Served, phone: Callable[..., Page], customer_a: Customer
) -> None:
    issued = issue(strict_site.services, customer_a, wall_clock())
    assert issued.setup_code is not None
    page = phone()
    page.goto(strict_site.url("/app/"))
    # without a line when the IDs were typed: what is missing is told when everything is sent
    page.route("**/api/app/v1/begin", lambda route: route.abort(), times=1)
    fill(page, issued, agree=False)
    expect(page.get_by_label("初期設定コード")).to_be_hidden()
    send(page)
    expect(page.locator(".notice.bad")).to_contain_text("初期設定コードも入力してください。")
    assert ticket(strict_site.services, issued.credential_id).attempts == 0
    expect(page.get_by_label("利用開始パスワード")).to_have_value(ACTIVATION_PASSWORD)
    look(page, "app-setup-code-360-ja")
    assert serious(page) == []
    send(page)
    expect(page.locator(".notice.bad a")).to_have_text(["初期設定コードも入力してください。"])
    # with a line the field is there as soon as both IDs are
    page.reload()
    expect(page.get_by_label("初期設定コード")).to_be_hidden()
    fill(page, issued)
    expect(page.get_by_label("初期設定コード")).to_be_visible()
    page.get_by_label("初期設定コード").fill("2222222222")
    send(page)
    expect(page.locator(".notice.bad")).to_contain_text("違う")
    assert ticket(strict_site.services, issued.credential_id).attempts == 1
    page.get_by_label("利用開始パスワード").fill(ACTIVATION_PASSWORD)
    page.get_by_label("初期設定コード").fill(f" {issued.setup_code.grouped.lower()}")
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("初期設定が完了しました")
    go_on(page)
    page.get_by_role("button", name="登録").click()
    page.locator(".card .code span").first.wait_for()
    assert_shows_codes_of(page, strict_site.services, issued)


def test_what_is_missing_is_named_beside_the_field(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    page = phone()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.url("/app/"))
    page.get_by_label("サービスID").fill("123")
    page.get_by_label("利用開始パスワード").fill("12a4")
    send(page)
    links = page.locator(".notice.bad a")
    expect(links).to_have_text(
        ["サービスIDは数字8桁です。", "ユーザIDを入力してください。", "利用開始パスワードは数字4～8桁です。"]
    )
    look(page, "app-check-360-ja")
    assert serious(page) == []
    links.nth(1).click()
    expect(page.get_by_label("ユーザID")).to_be_focused()
    assert not any("/begin" in url for url in asked)
    fill(page, issued, "12a4", agree=False)
    expect(page.get_by_role("checkbox")).to_be_visible()
    send(page)
    expect(links).to_have_text(["利用開始パスワードは数字4～8桁です。", "お読みになり、同意してください。"])
    assert not any("/complete" in url for url in asked)


def test_the_other_language_keeps_what_was_typed_but_no_password(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    page = phone()
    page.goto(site.url("/app/"))
    fill(page, issued)
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up a token")
    expect(page.get_by_label("Service ID")).to_have_value(issued.service_id)
    expect(page.get_by_label("User ID")).to_have_value(issued.user_id)
    expect(page.get_by_label("Activation password")).to_have_value("")
    # what is agreed to is read in the language it is agreed in
    expect(page.get_by_role("checkbox")).not_to_be_checked()
    page.get_by_label("User ID").fill("123")
    page.get_by_role("button", name="日本語").click()
    expect(page.get_by_label("ユーザID")).to_have_value("123")
    expect(page.get_by_role("checkbox")).not_to_be_checked()
    send(page)
    expect(page.get_by_role("link", name="利用開始パスワードは数字4～8桁です。")).to_be_visible()


def test_by_keyboard_alone(site: Served, phone: Callable[..., Page], issued: IssuedSoft) -> None:
    page = phone()
    page.goto(site.url("/app/"))
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    keys = page.keyboard
    keys.press("Tab")
    expect(page.get_by_role("link", name="ダウンロードサイト").first).to_be_focused()
    for text in (issued.service_id, issued.user_id, ACTIVATION_PASSWORD):
        keys.press("Tab")
        keys.type(text)
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_label("利用開始パスワード")).to_have_attribute("type", "text")
    expect(page.get_by_role("checkbox")).to_be_visible()
    keys.press("Tab")
    keys.press("Space")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("初期設定が完了しました")


def test_the_vectors_of_the_protocol_in_the_browser(site: Served, phone: Callable[..., Page]) -> None:
    document = (Path(__file__).parents[3] / "docs" / "app-protocol.md").read_text(encoding="utf-8")
    found = re.search(r"## Test vectors.*?```json\n(.*?)```", document, re.DOTALL)
    assert found is not None
    page = phone()
    page.goto(site.url("/app/"))
    result = page.evaluate(
        """async (text) => {
            const vector = JSON.parse(text);
            const secret = await import("/app/crypto.js");
            const { codeAt } = await import("/app/totp.js");
            const salt = secret.fromBase64url(vector.salt);
            const keys = await secret.directionKeys(vector.activation_password, salt, vector.iterations);
            const { origin, service_id, user_id, nonce, app_nonce, mac } = vector.request;
            const print = await secret.thumbprint(vector.app_key);
            const setting = [origin, service_id, user_id, nonce, app_nonce, print];
            const jwk = { ...vector.app_key, d: vector.app_private_key_d };
            const curve = { name: "ECDH", namedCurve: "P-256" };
            const privateKey = await crypto.subtle.importKey("jwk", jwk, curve, false, ["deriveBits"]);
            const key = await secret.openSeed({ privateKey }, vector.answer);
            return {
              print: print === vector.app_key_thumbprint,
              mac: await secret.proofMac(keys, setting) === mac,
              answer: await secret.isAuthentic(keys, setting, vector.answer),
              changed: await secret.isAuthentic(keys, setting, { ...vector.answer, ticket: "0" }),
              code: await codeAt({ key, otp: vector.answer.otp }, Date.UTC(2026, 10, 20, 3)),
            };
        }""",
        found.group(1),
    )
    assert result == {"print": True, "mac": True, "answer": True, "changed": False, "code": "48601915"}
