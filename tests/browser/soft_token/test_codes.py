"""The app once it is set up: codes, offline, several tokens, wrong clocks, languages, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.store.tables import Customer
from tests.browser.conftest import fits, look, serious
from tests.browser.soft_token.hands import (
    assert_shows_codes_of,
    codes,
    fill,
    go_on,
    oathtool,
    seed_of,
    send,
    set_up,
    wall_clock,
)
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer
from tests.soft.issuing import issue, ticket
from tests.soft.serving import Served
from web.screens import Screen

pytestmark = sqlite_only


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
    # read when it is asked for, in two groups of digits, and never by itself
    assert page.locator("[aria-live], [role=status], [role=timer]").evaluate_all(
        "all => all.map((one) => one.id)"
    ) == ["status"]
    left = re.fullmatch(r"あと (\d+) 秒", page.locator(".left").inner_text().strip())
    assert left is not None
    assert 1 <= int(left.group(1)) <= 60
    label = page.locator(".code").get_attribute("aria-label") or ""
    assert label.startswith(", ".join(" ".join(group) for group in groups))
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
    expect(page.locator(".card h2")).to_have_text(["見本第一銀行 給与用", "経費用"])
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
    page.get_by_role("button", name="編集: 経費用").click()
    page.get_by_role("button", name="削除する").click()
    page.get_by_role("dialog").get_by_role("button", name="削除する").click()
    expect(page.get_by_role("status")).to_have_text("削除しました")
    # what was deleted is not called lost
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("トークンの初期設定")
    assert page.locator(".notice").count() == 0


def test_ten_tokens_are_enough(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft, customer_b: Customer
) -> None:
    eleventh = issue(site.services, customer_b, wall_clock())
    page = phone()
    set_up(page, site, issued)
    page.get_by_role("button", name="トークンの追加").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("トークンの初期設定")
    page.evaluate(
        """async () => {
            const store = await import("/app/store.js");
            const [one] = await store.tokens();
            for (let n = 2; n <= 10; n += 1) {
              await store.put("tokens", { ...one, id: `copy/${n}`, name: `${n}`, place: n });
            }
        }"""
    )
    # begun before the tenth was there: refused before anybody is asked
    fill(page, eleventh)
    send(page)
    expect(page.locator(".notice.bad")).to_contain_text("登録は10件までです")
    assert ticket(site.services, eleventh.credential_id).attempts == 0
    page.reload()
    expect(page.locator(".card")).to_have_count(10)
    expect(page.get_by_role("button", name="トークンの追加")).to_have_count(0)
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
        (timedelta(seconds=29), None),
        (timedelta(seconds=-26), None),
        (timedelta(seconds=33), "時計が約3[1-3]秒進んでいます"),
        (timedelta(seconds=-31), "時計が約3[1-5]秒遅れています"),
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
    expect(warning).to_contain_text(re.compile(words))
    expect(warning).to_contain_text("タイムゾーン")
    look(page, "app-clock-360-ja")
    assert serious(page) == []


def is_sound(page: Page, screen: Screen, name: str) -> None:
    """No serious finding on a screen, once it is there: the app draws it some time after the tap."""
    expect(page.locator(".screen-id")).to_contain_text(screen.value)
    look(page, f"app-{name}-1440-en")
    assert serious(page) == []


def test_in_english_and_at_a_desk(site: Served, phone: Callable[..., Page], issued: IssuedSoft) -> None:
    page = phone("en", viewport={"width": 1440, "height": 900})
    page.goto(site.url("/app/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up a token")
    is_sound(page, Screen.APP_SETUP, "setup")
    fill(page, issued)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your token is set up")
    is_sound(page, Screen.APP_DONE, "done")
    go_on(page)
    page.get_by_label("Words to add").fill("Payroll, head office")
    is_sound(page, Screen.APP_NAME, "name")
    page.get_by_role("button", name="Register").click()
    expect(page.locator(".card h2")).to_have_text("Sample First Bank Payroll, head office")
    is_sound(page, Screen.APP_CODES, "codes")
    page.get_by_role("button", name="Edit: Sample First Bank Payroll, head office").click()
    is_sound(page, Screen.APP_EDIT, "edit")
    page.get_by_role("button", name="Back").click()
    # a long name leaves what stands beside it whole
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.locator(".card .plain").evaluate("button => button.offsetHeight") < 50
    assert fits(page)
    page.get_by_role("button", name="日本語").click()
    expect(page.locator(".card h2")).to_have_text("見本第一銀行 Payroll, head office")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    # the kept pages are those of the reader's language, each time: nothing to update
    states = page.evaluate(
        """async () => {
            const registration = await navigator.serviceWorker.ready;
            await registration.update();
            return [registration.installing, registration.waiting];
        }"""
    )
    assert states == [None, None]


@pytest.mark.parametrize(
    ("language", "words"), [("ja", "新しいブラウザで、メールのアドレスのまま"), ("en", "in a recent browser")]
)
def test_a_browser_without_what_it_takes_is_told(
    site: Served, phone: Callable[..., Page], language: str, words: str
) -> None:
    page = phone(language)
    page.add_init_script("delete self.BroadcastChannel")
    page.goto(site.url("/app/"))
    expect(page.locator(".notice")).to_contain_text(words)
    look(page, f"app-unusable-360-{language}")
    assert serious(page) == []


def test_in_the_dark(site: Served, phone: Callable[..., Page], issued: IssuedSoft) -> None:
    page = phone(color_scheme="dark")
    page.goto(site.url("/app/"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    look(page, "app-setup-360-dark")
    assert serious(page) == []
    set_up(page, site, issued)
    look(page, "app-codes-360-dark")
    assert serious(page) == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_pages_about_the_app_read_well(site: Served, phone: Callable[..., Page], language: str) -> None:
    page = phone(language, color_scheme="dark" if language == "en" else "light")
    for name in ("manual", "download", "download/feature-phone"):
        page.goto(site.url(f"/app/{name}"))
        look(page, f"app-{name.replace('/', '-')}-360-{language}")
        assert serious(page) == []
        assert fits(page)


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
    page.locator("form").wait_for()
    assert 15_000 < sum(sizes.values()) <= 30_000
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    assert [url for url in asked if not url.startswith(site.origin)] == []
    # what a browser has against installing it
    found = page.context.new_cdp_session(page).send("Page.getInstallabilityErrors")
    assert [error["errorId"] for error in found["installabilityErrors"]] == []
