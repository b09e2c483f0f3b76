"""The soft-token app in a real Chromium: set up from a real mail, codes, offline, several tokens, wrong clocks."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.jobs.send_mails import SendMailsCommand, send_mails
from provisioning.mail.smtp import SmtpMailer, SmtpServer
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Customer
from provisioning.store.vault import SealedSeed, SeedContext
from tests.browser.conftest import look, serious
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer
from tests.soft.issuing import ACTIVATION_PASSWORD, credential, issue, ticket
from tests.soft.serving import Served, served
from tests.soft.smtp_servers import Behaviour, smtp_server

pytestmark = sqlite_only
ITERATIONS = 600_000


def wall_clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def site(services: Services) -> Iterator[Served]:
    """The product on a real port, at the machine's own time, asking as many iterations as in production."""
    with served(services, wall_clock, ITERATIONS) as one:
        yield one


@pytest.fixture
def phone(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens phones; fails at the end if a page threw or broke its content security policy."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(language: str = "ja", **options: Any) -> Page:
        options = {"viewport": {"width": 360, "height": 740}, "locale": "ja-JP", **options}
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
        context.set_default_timeout(15_000)
        context.add_cookies([{"name": "kagiya-language", "value": language, "url": "http://localhost/"}])
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"threw: {error}"))
        page.on("console", lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def issued(site: Served, customer_a: Customer) -> IssuedSoft:
    """A soft token waiting for its app."""
    return issue(site.services, customer_a, wall_clock())


def fill(page: Page, issued: IssuedSoft, password: str = ACTIVATION_PASSWORD) -> None:
    page.get_by_label(re.compile("サービスID|Service ID")).fill(issued.service_id)
    page.get_by_label(re.compile("ユーザID|User ID")).fill(issued.user_id)
    page.get_by_label(re.compile("利用開始パスワード|Activation password")).fill(password)
    page.get_by_role("checkbox").check()


def send(page: Page) -> None:
    page.get_by_role("button", name=re.compile("送信して設定する|Send and set up")).click()


def set_up(page: Page, site: Served, issued: IssuedSoft, name: str = "") -> None:
    """From wherever the app stands to the screen with the codes."""
    page.goto(site.url("/app/"))
    page.locator("h1").wait_for()
    if page.locator(".card").count():
        page.get_by_role("button", name=re.compile("トークンを追加|Add a token")).click()
    fill(page, issued)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("初期設定が完了しました|Your token is set up")
    )
    page.get_by_label(re.compile("トークン表示名|Display name")).fill(name)
    page.get_by_role("button", name=re.compile("登録する|Register")).click()
    page.locator(".card .code span").first.wait_for()


def codes(page: Page) -> list[str]:
    """The codes as they stand on the screen."""
    return [text.replace(" ", "") for text in page.locator(".code").all_inner_texts()]


def seed_of(services: Services, issued: IssuedSoft) -> bytes:
    row = credential(services, issued.credential_id)
    assert services.opener is not None
    sealed = SealedSeed(row.sealed_seed or b"", row.wrapped_key or b"", row.kek_id or "")
    return services.opener.open(sealed, SeedContext(row.institution_id, row.id, row.seed_version))


def oathtool(seed: bytes, at: datetime) -> str:
    moment = at.strftime("%Y-%m-%d %H:%M:%S UTC")
    arguments = ["oathtool", "--totp", "-d", "8", "-s", "60", "-N", moment, seed.hex()]
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.strip()


def assert_shows_codes_of(page: Page, services: Services, *every: IssuedSoft) -> None:
    """The app agrees with oathtool, whichever side of a minute's turn it was read on."""
    before = wall_clock()
    shown = codes(page)
    after = wall_clock()
    seeds = [seed_of(services, one) for one in every]
    possible = [[oathtool(seed, at) for seed in seeds] for at in (before - timedelta(seconds=1), before, after)]
    assert shown in possible


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
    page.get_by_label("利用開始パスワード").fill(ACTIVATION_PASSWORD)
    page.get_by_role("checkbox").check()
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("初期設定が完了しました")
    expect(page.locator("main")).to_contain_text("見本第一銀行")
    look(page, "app-name-360-ja")
    assert serious(page) == []
    page.get_by_label("トークン表示名").fill("給与用")
    page.get_by_role("button", name="登録する").click()
    page.locator(".card .code span").first.wait_for()
    expect(page.locator(".card h2")).to_have_text("見本第一銀行 給与用")
    assert_shows_codes_of(page, site.services, issued)
    look(page, "app-codes-360-ja")
    assert serious(page) == []
    assert credential(site.services, issued.credential_id).state is CredentialState.SET_UP


def test_the_code_is_large_grouped_and_counted_down(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    page = phone()
    set_up(page, site, issued)
    size = page.locator(".code").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size >= 48
    assert re.fullmatch(r"\d{4} \d{4}", page.locator(".code").inner_text())
    groups = page.locator(".code span").all_inner_texts()
    assert [len(group) for group in groups] == [4, 4]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    left = re.fullmatch(r"あと (\d+) 秒", page.locator(".left").inner_text().strip())
    assert left is not None
    assert 1 <= int(left.group(1)) <= 60
    label = page.locator(".code").get_attribute("aria-label") or ""
    assert label.startswith(" ".join("".join(groups)))
    page.locator(".code").click()
    expect(page.get_by_role("status")).to_have_text("コピーしました")
    assert page.evaluate("navigator.clipboard.readText()") in ("".join(groups), *codes(page))


def test_the_next_code_comes_by_itself(site: Served, phone: Callable[..., Page], issued: IssuedSoft) -> None:
    page = phone()
    page.clock.install(time=datetime(2026, 11, 20, 3, 0, 50, tzinfo=UTC))
    set_up(page, site, issued)
    seed = seed_of(site.services, issued)
    page.clock.pause_at(datetime(2026, 11, 20, 3, 1, 57, tzinfo=UTC))
    page.clock.run_for(1000)
    expect(page.locator(".left")).to_contain_text("あと 2 秒")
    assert codes(page) == [oathtool(seed, datetime(2026, 11, 20, 3, 1, 58, tzinfo=UTC))]
    page.clock.run_for(3000)
    expect(page.locator(".left")).to_contain_text("あと 59 秒")
    expect(page.locator(".code")).to_have_text(
        re.compile(r"\s*".join(oathtool(seed, datetime(2026, 11, 20, 3, 2, 1, tzinfo=UTC))))
    )


def test_reloaded_and_offline_it_still_shows_codes(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    page = phone()
    set_up(page, site, issued)
    page.reload()
    page.locator(".card .code span").first.wait_for()
    assert_shows_codes_of(page, site.services, issued)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    page.reload()
    page.locator(".card .code span").first.wait_for()
    assert_shows_codes_of(page, site.services, issued)
    page.goto(site.url("/app/manual"))
    expect(page.get_by_role("heading", level=1)).to_have_text("ワンタイムパスワード利用者マニュアル")


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
    page.get_by_role("button", name="登録する").click()
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


def test_what_is_missing_is_named_beside_the_field(site: Served, phone: Callable[..., Page]) -> None:
    page = phone()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.url("/app/"))
    page.get_by_label("サービスID").fill("123")
    page.get_by_label("利用開始パスワード").fill("12a4")
    send(page)
    links = page.locator(".notice.bad a")
    expect(links).to_have_text(
        [
            "サービスIDは数字8桁です。",
            "ユーザIDを入力してください。",
            "利用開始パスワードは数字4～8桁です。",
            "お読みになり、同意してください。",
        ]
    )
    look(page, "app-check-360-ja")
    assert serious(page) == []
    links.nth(1).click()
    expect(page.get_by_label("ユーザID")).to_be_focused()
    assert not any("/begin" in url for url in asked)


def test_a_second_token_its_name_and_its_end(
    site: Served, phone: Callable[..., Page], customer_a: Customer
) -> None:
    first = issue(site.services, customer_a, wall_clock())
    second = issue(site.services, add_customer(site.services, "A1B2C3", "other"), wall_clock())
    page = phone()
    set_up(page, site, first, "給与用")
    set_up(page, site, second)
    assert_shows_codes_of(page, site.services, first, second)
    look(page, "app-two-360-ja")
    assert serious(page) == []
    page.get_by_role("button", name="編集: 見本第二銀行").click()
    page.get_by_label("トークン表示名").fill("経費用")
    look(page, "app-edit-360-ja")
    assert serious(page) == []
    page.get_by_role("button", name="保存する").click()
    expect(page.locator(".card h2")).to_have_text(["見本第一銀行 給与用", "見本第二銀行 経費用"])
    page.get_by_role("button", name="編集: 見本第一銀行 給与用").click()
    page.get_by_role("button", name="削除する").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(first.user_id)
    look(page, "app-delete-360-ja")
    dialog.get_by_role("button", name="削除する").click()
    expect(page.get_by_role("status")).to_have_text("削除しました")
    assert_shows_codes_of(page, site.services, second)
    page.reload()
    expect(page.locator(".card")).to_have_count(1)


def test_ten_tokens_are_enough(site: Served, phone: Callable[..., Page], issued: IssuedSoft) -> None:
    page = phone()
    set_up(page, site, issued)
    page.evaluate(
        """async () => {
            const store = await import("/app/store.js");
            const [one] = await store.tokens();
            for (let n = 2; n <= 10; n += 1) {
              await store.put("tokens", { ...one, id: `copy/${n}`, name: `${n}`, addedAt: one.addedAt + n });
            }
        }"""
    )
    page.reload()
    expect(page.locator(".card")).to_have_count(10)
    expect(page.get_by_role("button", name="トークンを追加")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("登録は10件までです")


def test_the_seed_can_be_read_by_nobody(site: Served, phone: Callable[..., Page], issued: IssuedSoft) -> None:
    page = phone()
    set_up(page, site, issued)
    kept = page.evaluate(
        """async () => {
            const store = await import("/app/store.js");
            const [{ key }] = await store.tokens();
            const read = await crypto.subtle.exportKey("raw", key).then(() => "read", (error) => error.name);
            const pending = (await store.all("pending")).length;
            const local = [...Object.entries(localStorage), ...Object.entries(sessionStorage)].length;
            return [key.extractable, key.usages, read, pending, local];
        }"""
    )
    assert kept == [False, ["sign"], "InvalidAccessError", 0, 0]


@pytest.mark.parametrize(
    ("off", "words"),
    [
        (timedelta(seconds=25), None),
        (timedelta(seconds=-25), None),
        (timedelta(seconds=45), "時計が約45秒進んでいます"),
        (timedelta(minutes=-3), "時計が約3分遅れています"),
        (timedelta(hours=9), "時計が約9時間進んでいます"),
        (timedelta(days=-2), "時計が約2日遅れています"),
    ],
)
def test_a_wrong_clock_is_told_beyond_thirty_seconds(
    site: Served, phone: Callable[..., Page], off: timedelta, words: str | None
) -> None:
    page = phone()
    page.clock.install(time=wall_clock() + off)
    with page.expect_response("**/api/app/v1/time"):
        page.goto(site.url("/app/"))
    warning = page.locator(".notice.warn")
    if words is None:
        expect(page.locator("h1")).to_be_visible()
        expect(warning).to_have_count(0)
        return
    expect(warning).to_contain_text(words)
    expect(warning).to_contain_text("タイムゾーン")
    look(page, "app-clock-360-ja")
    assert serious(page) == []


def test_in_english_and_at_a_desk(site: Served, phone: Callable[..., Page], issued: IssuedSoft) -> None:
    page = phone("en", viewport={"width": 1440, "height": 900})
    page.goto(site.url("/app/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up a token")
    look(page, "app-setup-1440-en")
    set_up(page, site, issued, "Payroll")
    expect(page.locator(".card h2")).to_have_text("Sample First Bank Payroll")
    look(page, "app-codes-1440-en")
    assert serious(page) == []
    page.get_by_role("button", name="日本語").click()
    expect(page.locator(".card h2")).to_have_text("見本第一銀行 Payroll")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "ja")


def test_in_the_dark(site: Served, phone: Callable[..., Page], issued: IssuedSoft) -> None:
    page = phone(color_scheme="dark")
    page.goto(site.url("/app/"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    look(page, "app-setup-360-dark")
    assert serious(page) == []
    set_up(page, site, issued)
    look(page, "app-codes-360-dark")
    assert serious(page) == []


def test_by_keyboard_alone(site: Served, phone: Callable[..., Page], issued: IssuedSoft) -> None:
    page = phone()
    page.goto(site.url("/app/"))
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    keys = page.keyboard
    for text in (issued.service_id, issued.user_id, ACTIVATION_PASSWORD):
        keys.press("Tab")
        keys.type(text)
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_label("利用開始パスワード")).to_have_attribute("type", "text")
    keys.press("Tab")
    keys.press("Space")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("初期設定が完了しました")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_manual_reads_well(site: Served, phone: Callable[..., Page], language: str) -> None:
    page = phone(language)
    page.goto(site.url("/app/manual"))
    look(page, f"app-manual-360-{language}")
    assert serious(page) == []


def test_the_app_is_light_and_asks_nobody_else(site: Served, phone: Callable[..., Page]) -> None:
    page = phone()
    sizes: dict[str, int] = {}
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "response",
        lambda r: (
            sizes.update({r.url: len(r.body())}) if "javascript" in r.headers.get("content-type", "") else None
        ),
    )
    page.goto(site.url("/app/"))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    assert sum(sizes.values()) <= 30_000
    assert [url for url in asked if not url.startswith(site.origin)] == []


def test_the_vectors_of_the_protocol_in_the_browser(site: Served, phone: Callable[..., Page]) -> None:
    document = (Path(__file__).parents[2] / "docs" / "app-protocol.md").read_text(encoding="utf-8")
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
