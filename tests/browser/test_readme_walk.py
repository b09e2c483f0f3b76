"""The README's walk in Chromium, by the very words that the README names, over a restart of the demonstration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import NARROW, WIDE, press
from tests.rig_tests.test_demo import demo

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
WAIT_MS = 60_000
MAIN = "main .button--main"
PASSWORD = "483926"


class Walk:
    """Somebody with three windows, a second portal and a phone; they stay when the demonstration starts again."""

    def __init__(self, browser: Browser) -> None:
        self.rig, self.staff = self._window(browser, WIDE), self._window(browser, WIDE)
        self.portal, self.other_portal = self._window(browser, NARROW), self._window(browser, NARROW)
        self.phone, self.approver = self._window(browser, NARROW), self._window(browser, WIDE)
        self.facts: dict[str, Any] = {}

    def _window(self, browser: Browser, width: int) -> Page:
        page = browser.new_context(viewport={"width": width, "height": 900}, locale="ja-JP").new_page()
        page.set_default_timeout(WAIT_MS)
        return page

    def at(self, facts: dict[str, Any]) -> Walk:
        """Go on with this run of the demonstration: the rig, and the printed link of a teller."""
        self.facts = facts
        self.rig.goto(facts["rig_url"] + "/")
        self.staff.goto(facts["staff"][0]["sign_in_url"])
        return self

    def search(self, customer: int) -> None:
        """Staff: the customer page of the only hit."""
        self.staff.fill("#staff-search", self.facts["customers"][customer]["user_id"])
        self.staff.press("#staff-search", "Enter")
        self.staff.wait_for_url("**/staff/customers/**")

    def write(self, fob: Locator) -> None:
        """Staff: from BOT010 over the fob to the hand-over."""
        press(self.staff, named(self.staff, "トークンを発行する"))
        press(self.staff, chosen(self.staff, "ハードウェアトークン"))
        press(self.staff, fob.get_by_role("button"))
        press(self.staff, named(self.staff, "お渡ししました"))

    def sits_down(self, page: Page, name: str) -> None:
        """Staff: somebody whom the README names, by their printed link."""
        assert name in README
        page.goto(next(one["sign_in_url"] for one in self.facts["staff"] if one["name"] == name))

    def log_in(self, page: Page, customer: int) -> None:
        """Portal: login ID and password."""
        who = self.facts["customers"][customer]
        page.goto(self.facts["base_url"] + "/portal/")
        if page.url.endswith("/portal/sign-in/"):  # nobody logged in here before
            press(page, page.get_by_role("link", name="見本信用組合", exact=True))
        page.fill("[name=login_id]", who["login_id"])
        page.fill("[name=password]", who["password"])
        press(page, page.locator(MAIN))

    def log_out(self) -> None:
        press(self.portal, self.portal.get_by_role("button", name="ログアウト"))

    def give(self, page: Page, code: str, button: str = MAIN) -> None:
        """Portal: the one-time password, and on."""
        page.fill("[name=otp]", code)
        press(page, page.locator(button))

    def open(self, page: Page, act: str) -> None:
        """Portal: one of the acts of BOP001."""
        page.goto(self.facts["base_url"] + "/portal/token/")
        press(page, named(page, act))

    def display(self) -> str:
        """What A's fob shows."""
        shown = self.rig.locator("[data-serial='KF-000123'] output")
        expect(shown).to_have_text(re.compile(r"\d{4} \d{4}"))
        return shown.inner_text().replace(" ", "")

    def move(self, button: str) -> None:
        """Rig: the clock. The displays follow."""
        before = self.display()
        self.rig.get_by_role("button", name=button).click()
        self.shows_another_than(before)

    def shows_another_than(self, before: str) -> None:
        """Rig: its page asks for the displays once in a while."""
        expect(self.rig.locator("[data-serial='KF-000123'] output")).not_to_have_text(f"{before[:4]} {before[4:]}")


def named(page: Page, word: str) -> Locator:
    """A button or link by the word that the README gives it."""
    assert f"*{word}*" in README
    return page.get_by_role("link", name=word, exact=True).or_(page.get_by_role("button", name=word, exact=True))


def chosen(page: Page, kind: str) -> Locator:
    """A choice of BOT010."""
    assert f"*{kind}*" in README
    return page.get_by_role("link", name=re.compile(f"選択.*{kind}"))


@pytest.fixture
def walk(browser: Browser) -> Iterator[Walk]:
    walk = Walk(browser)
    yield walk
    for page in (walk.rig, walk.staff, walk.portal, walk.other_portal, walk.phone, walk.approver):
        page.context.close()


def test_the_readmes_walk(walk: Walk, tmp_path: Path) -> None:
    with demo(tmp_path / "demo") as running:
        walk.at(running.facts)
        a_key_fob_for_a(walk)
        a_soft_token_for_b(walk)
        suspended_and_lifted(walk)
        released_and_told_to_wait(walk)
        a_fob_by_two(walk)
        moved = walk.rig.locator("#clock-offset").inner_text()
    with demo(tmp_path / "demo") as running:
        walk.at(running.facts)
        expect(walk.rig.locator("#clock-offset")).to_have_text(moved)
        issued_anew(walk)


def a_key_fob_for_a(walk: Walk) -> None:
    walk.search(0)
    walk.write(walk.staff.locator(".plugged", has_text="KF-000123"))
    walk.log_in(walk.portal, 0)
    walk.open(walk.portal, "ワンタイムパスワード利用開始")
    walk.give(walk.portal, walk.display())
    expect(walk.portal.locator(".screen-id b")).to_have_text("BOK002")
    walk.log_out()
    walk.move("+60 秒")
    walk.log_in(walk.portal, 0)
    code = walk.display()
    walk.give(walk.portal, code)
    walk.log_out()
    walk.log_in(walk.portal, 0)
    walk.give(walk.portal, code)
    expect(walk.portal.locator("#error-summary")).to_contain_text("確認できませんでした")


def a_soft_token_for_b(walk: Walk) -> None:
    portal, phone = walk.other_portal, walk.phone
    walk.log_in(portal, 1)
    walk.open(portal, "トークン発行")
    press(portal, chosen(portal, "ソフトウェアトークン"))
    portal.fill("[name=mail_address]", "b@walk.example")
    for name in ("activation_password", "activation_password_again"):
        portal.fill(f"[name={name}]", PASSWORD)
    press(portal, portal.locator(MAIN))
    portal.fill("[name=confirmation_password]", walk.facts["customers"][1]["confirmation_password"])
    press(portal, portal.locator(MAIN))
    service_id, user_id = portal.locator(".number--large").all_inner_texts()
    expect(walk.rig.locator(".mail")).to_contain_text("b@walk.example")
    phone.goto(walk.facts["base_url"] + "/app/")
    for field, typed in (("serviceId", service_id), ("userId", user_id), ("password", PASSWORD)):
        phone.fill(f"#{field}", typed)
    phone.locator("button.main").click()
    # set up, and on to the code: the institution of this walk has no display names
    phone.get_by_role("button", name="次へ").click()
    walk.open(portal, "ワンタイムパスワード利用開始")
    walk.give(portal, re.sub(r"\D", "", phone.locator(".code").inner_text()))
    expect(portal.locator(".screen-id b")).to_have_text("BOK002")


def suspended_and_lifted(walk: Walk) -> None:
    portal = walk.portal
    for number in range(5):
        walk.give(portal, f"1357902{number}")
    expect(portal.locator("main")).to_contain_text("ワンタイムパスワードの認証を停止しています")
    walk.log_in(portal, 0)
    expect(portal.locator("[name=otp]")).to_have_count(0)
    walk.search(0)
    expect(walk.staff.locator("#token-title + .chip")).to_have_text("利用停止")
    press(walk.staff, named(walk.staff, "利用停止を解除する"))
    walk.log_in(portal, 0)
    walk.move("+60 秒")
    walk.give(portal, walk.display())
    portal.wait_for_url("**/portal/")


def released_and_told_to_wait(walk: Walk) -> None:
    walk.open(walk.portal, "ワンタイムパスワード利用解除")
    walk.move("+60 秒")
    walk.portal.fill("[name=confirmation_password]", walk.facts["customers"][0]["confirmation_password"])
    walk.give(walk.portal, walk.display(), "main .button--danger")
    expect(walk.portal.locator(".screen-id b")).to_have_text("BOS002")
    walk.search(0)
    expect(walk.staff.locator(".staff-next__what")).to_contain_text("まで待つ")
    expect(walk.staff.get_by_role("link", name="トークンを発行する")).to_have_count(0)
    walk.move("+1 日")


def a_fob_by_two(walk: Walk) -> None:
    customer = next(n for n, one in enumerate(walk.facts["customers"]) if one["institution"] == "counter")
    walk.sits_down(walk.staff, "窓口 はるか")
    walk.search(customer)
    press(walk.staff, named(walk.staff, "窓口で発行する"))
    press(walk.staff, chosen(walk.staff, "ハードウェアトークン"))
    press(walk.staff, walk.staff.locator(".plugged", has_text="KF-000201").get_by_role("button"))
    expect(walk.staff.locator("main")).to_contain_text("まだ何も変わっていません")
    walk.sits_down(walk.approver, "役席 ともり")
    press(walk.approver, walk.approver.get_by_role("link", name="承認", exact=False).first)
    press(walk.approver, walk.approver.get_by_role("link", name="フォブの発行"))
    press(walk.approver, walk.approver.get_by_role("button", name="パスキーなしで承認する（デモ）"))
    walk.search(customer)
    press(walk.staff, walk.staff.locator(".staff-next .button--main"))
    press(walk.staff, named(walk.staff, "お渡ししました"))


def issued_anew(walk: Walk) -> None:
    old = walk.display()
    walk.search(0)
    walk.write(walk.staff.locator(".plugged").first)
    walk.shows_another_than(old)
    walk.log_in(walk.portal, 0)
    walk.open(walk.portal, "ワンタイムパスワード利用開始")
    walk.give(walk.portal, old)
    expect(walk.portal.locator("#error-summary")).to_be_visible()
    walk.give(walk.portal, walk.display())
    expect(walk.portal.locator(".screen-id b")).to_have_text("BOK002")
