"""What the app survives: a new version, other tabs, a browser that clears its storage, a slow or broken server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from flask import Response, request
from playwright.sync_api import Page, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.store.tables import Customer
from tests.browser.conftest import look, serious
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
from tests.soft.independent_client import IndependentClient
from tests.soft.issuing import ACTIVATION_PASSWORD, issue, ticket
from tests.soft.serving import Served

pytestmark = sqlite_only


def is_offline_ready(page: Page) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def new_version(site: Served, folder: Path) -> Path:
    """The app's files, from now on served from here: to be changed."""
    files = folder / "static" / "app"
    shutil.copytree(Path(site.app.static_folder or "") / "app", files)
    site.app.static_folder = str(folder / "static")
    return files


def keep_as_the_first_version_did(page: Page) -> None:
    page.evaluate(
        """async () => {
            const store = await import("/app/store.js");
            const [{ place, setUpAt, display_name, ...asTheFirstVersionKeptIt }] = await store.all("tokens");
            await store.put("tokens", asTheFirstVersionKeptIt);
        }"""
    )


def test_a_new_version_waits_for_a_half_set_up_and_loses_nothing(
    site: Served, phone: Callable[..., Page], customer_a: Customer, tmp_path: Path
) -> None:
    first = issue(site.services, customer_a, wall_clock())
    second = issue(site.services, add_customer(site.services, "A1B2C3", "other"), wall_clock())
    page = phone()
    set_up(page, site, first, "給与用")
    keep_as_the_first_version_did(page)
    is_offline_ready(page)
    page.get_by_role("button", name="トークンの追加").click()
    fill(page, second, agree=False)

    # the server gets a new version while somebody is typing
    words = new_version(site, tmp_path) / "ja.js"
    words.write_text(words.read_text().replace("番号を押すとコピーします", "番号を押すとコピーできます"))
    page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.update()).then(() => true)")
    page.wait_for_function("navigator.serviceWorker.getRegistration().then((one) => one.waiting !== null)")
    expect(page.get_by_label("ユーザID")).to_have_value(second.user_id)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("初期設定が完了しました")
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("トークン表示名について")
    page.get_by_label("トークン表示名").fill("経費用")
    assert page.get_by_text("番号を押すとコピー").count() == 0

    # at rest, on the screen with the codes, it takes over by itself
    go_on(page)
    expect(page.get_by_text("番号を押すとコピーできます")).to_be_visible()
    expect(page.locator(".card h2")).to_have_text(["見本第一銀行 給与用", "経費用"])
    assert_shows_codes_of(page, site.services, first, second)
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_text("番号を押すとコピーできます")).to_be_visible()
    assert_shows_codes_of(page, site.services, first, second)
    assert len(page.evaluate("caches.keys()")) == 1


def test_a_version_that_does_not_arrive_whole_changes_nothing(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft, tmp_path: Path
) -> None:
    page = phone()
    set_up(page, site, issued)
    is_offline_ready(page)
    (new_version(site, tmp_path) / "clock.js").write_text("export const nowMs = () => Date.now();\n")

    def as_from_another_server(response: Response) -> Response:
        if request.path == "/app/totp.js":
            response.direct_passthrough = False
            response.set_data(response.get_data() + b"// of yet another version\n")
        return response

    site.app.after_request_funcs.setdefault(None, []).append(as_from_another_server)
    states = page.evaluate(
        """async () => {
            const registration = await navigator.serviceWorker.getRegistration();
            await registration.update();
            const { installing } = registration;
            await new Promise((done) => { installing.onstatechange = done; });
            return [installing.state, registration.waiting];
        }"""
    )
    assert states == ["redundant", None]
    page.context.set_offline(True)
    page.reload()
    page.locator(".card .code span").first.wait_for()
    assert_shows_codes_of(page, site.services, issued)


def test_two_tabs_show_the_same_and_undo_nothing(
    site: Served, phone: Callable[..., Page], customer_a: Customer
) -> None:
    first = issue(site.services, customer_a, wall_clock())
    second = issue(site.services, add_customer(site.services, "A1B2C3", "other"), wall_clock())
    third = issue(site.services, add_customer(site.services, "D4E5F6", "other"), wall_clock())
    page = phone()
    set_up(page, site, first)
    other = page.context.new_page()
    set_up(other, site, second)
    set_up(other, site, third)
    # the other tab knows; two tokens called alike are told apart by their user IDs
    expect(page.locator(".card h2")).to_have_text(["見本第一銀行", "見本第二銀行 A1B2C3", "見本第二銀行 D4E5F6"])
    assert_shows_codes_of(page, site.services, first, second, third)

    # their order
    page.get_by_role("button", name="編集: 見本第二銀行").nth(1).click()
    expect(page.get_by_role("button", name="下へ移動")).to_be_disabled()
    page.get_by_role("button", name="上へ移動").click()
    expect(page.get_by_role("status")).to_have_text("2番目にしました")
    page.get_by_role("button", name="上へ移動").click()
    expect(page.get_by_role("status")).to_have_text("1番目にしました")
    expect(page.get_by_role("button", name="上へ移動")).to_be_disabled()
    look(page, "app-move-360-ja")
    assert serious(page) == []
    assert_shows_codes_of(other, site.services, third, first, second)

    # what one tab deletes the other does not bring back by a name
    other.get_by_role("button", name="編集: 見本第二銀行").first.click()
    other.get_by_role("button", name="削除する").click()
    other.get_by_role("dialog").get_by_role("button", name="削除する").click()
    expect(other.get_by_role("status")).to_have_text("削除しました")
    page.get_by_label("トークン表示名").fill("消えたもの")
    page.get_by_role("button", name="保存する").click()
    expect(page.locator(".card h2")).to_have_text(["見本第一銀行", "見本第二銀行"])


def test_one_set_up_in_two_tabs_at_once_is_one(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    page = phone()
    page.goto(site.url("/app/"))
    other = page.context.new_page()
    other.goto(site.url("/app/"))
    for tab in (page, other):
        fill(tab, issued)
    page.evaluate("document.querySelector('button.main').click()")
    send(other)
    for tab in (page, other):
        expect(tab.get_by_role("heading", level=1)).to_have_text("初期設定が完了しました")
        go_on(tab)
        tab.get_by_role("button", name="登録").click()
        tab.locator(".card .code span").first.wait_for()
        assert_shows_codes_of(tab, site.services, issued)
    assert ticket(site.services, issued.credential_id).attempts == 1


def test_a_storage_that_was_cleared_is_told_with_what_to_do(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    page = phone()
    set_up(page, site, issued)
    session = page.context.new_cdp_session(page)
    everything = "indexeddb,cache_storage,service_workers"
    session.send("Storage.clearDataForOrigin", {"origin": site.origin, "storageTypes": everything})
    # whoever goes on in the open app is told, too, and so is who opens it anew; it may have opened anew by itself
    with suppress(PlaywrightTimeout):
        page.get_by_role("button", name="トークンの追加").click(timeout=3_000)
    expect(page.locator(".notice.bad")).to_contain_text("保存していたトークンが消えています")
    page.reload()
    notice = page.locator(".notice.bad")
    expect(notice).to_contain_text("保存していたトークンが消えています")
    expect(notice).to_contain_text("トークン発行からやり直してください")
    look(page, "app-lost-360-ja")
    assert serious(page) == []
    page.get_by_role("button", name="English").click()
    expect(notice).to_contain_text("Your tokens are gone from this device")


def test_a_slow_server_and_a_broken_one_cost_no_seed(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    page = phone()
    # patience is a twentieth, so that nobody has to wait
    page.add_init_script(
        """const patience = AbortSignal.timeout.bind(AbortSignal);
        AbortSignal.timeout = (ms) => patience(ms / 20);"""
    )
    page.goto(site.url("/app/"))
    keys: list[str] = []

    def answered_too_late(route: Route) -> None:
        keys.append(json.loads(route.request.post_data or "")["app_key"]["x"])
        route.fetch()

    def broken_afterwards(route: Route) -> None:
        answered_too_late(route)
        route.fulfill(status=503, content_type="text/html", body="<h1>Busy</h1>")

    page.route("**/api/app/v1/complete", answered_too_late, times=1)
    fill(page, issued)
    send(page)
    expect(page.get_by_role("status")).to_have_text("設定しています…")
    expect(page.locator(".notice.bad")).to_contain_text("通信できませんでした")
    drawn = seed_of(site.services, issued)
    page.route("**/api/app/v1/complete", broken_afterwards, times=2)
    page.get_by_label("利用開始パスワード").fill(ACTIVATION_PASSWORD)
    send(page)
    expect(page.locator(".notice.bad")).to_contain_text("ただいま受け付けられません")
    look(page, "app-busy-360-ja")
    page.get_by_label("利用開始パスワード").fill(ACTIVATION_PASSWORD)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("初期設定が完了しました")
    go_on(page)
    page.get_by_role("button", name="登録").click()
    page.locator(".card .code span").first.wait_for()
    assert len(set(keys)) == 1
    assert seed_of(site.services, issued) == drawn
    assert_shows_codes_of(page, site.services, issued)


def test_another_phone_gets_no_seed_where_one_has_it(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    IndependentClient(site.origin, issued.service_id, issued.user_id, ACTIVATION_PASSWORD).set_up()
    drawn = seed_of(site.services, issued)
    elsewhere = phone()
    elsewhere.goto(site.url("/app/"))
    fill(elsewhere, issued)
    send(elsewhere)
    expect(elsewhere.locator(".notice.bad")).to_contain_text("違う")
    assert seed_of(site.services, issued) == drawn


def test_a_set_up_begun_with_a_clock_a_day_off_goes_on_when_it_is_right(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    page = phone()
    page.clock.install(time=wall_clock() - timedelta(days=1))
    page.goto(site.url("/app/"))
    expect(page.locator(".notice.warn")).to_contain_text("時計が約24時間遅れています")

    def cut(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/api/app/v1/complete", cut, times=1)
    fill(page, issued)
    send(page)
    expect(page.locator(".notice.bad")).to_contain_text("通信できませんでした")
    drawn = seed_of(site.services, issued)
    page.clock.set_system_time(wall_clock())
    page.reload()
    expect(page.locator(".notice.info")).to_contain_text("前回の設定が途中です")
    fill(page, issued)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("初期設定が完了しました")
    go_on(page)
    page.get_by_role("button", name="登録").click()
    page.locator(".card .code span").first.wait_for()
    assert codes(page)[0] in {oathtool(drawn, wall_clock() + timedelta(seconds=s)) for s in (-60, 0, 60)}
    assert page.locator(".notice.warn").count() == 0
