"""Somebody with a manual in one hand: goes through its lines in order, and ticks off each that holds."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Self

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import is_well_made, press
from tests.browser.manuals.table import rows


class Manual:
    """One manual's lines, and which of them were taken."""

    def __init__(self, number: str) -> None:
        self.number = number
        self._left = [row.number for row in rows() if row.manual == number and row.walked]
        self._met: set[str] = set()

    def takes(self, *lines: int) -> None:
        """Tick these off; each is there, and once."""
        for line in lines:
            self._left.remove(f"{self.number}-{line:02d}")

    def is_new(self, screen: str) -> bool:
        """Whether this screen is met for the first time."""
        new = screen not in self._met
        self._met.add(screen)
        return new

    def finish(self) -> None:
        """Every line that the table says is walked was walked."""
        assert self._left == []


class Reader:
    """One person before one page: customer, teller or administrator."""

    def __init__(self, manual: Manual, page: Page, base_url: str) -> None:
        self.manual = manual
        self.page = page
        self._base_url = base_url

    @property
    def main(self) -> Locator:
        """What the page is about."""
        return self.page.locator("main")

    def goes_to(self, path: str) -> Self:
        """Open an address of the product."""
        self.page.goto(self._base_url + path)
        return self

    def at(self, screen: str, case: str = "") -> Self:
        """This is `screen`; the first time it is looked at in both widths."""
        expect(self.page.locator(".screen-id")).to_contain_text(screen)
        if self.manual.is_new(screen + case):
            width = self.page.viewport_size
            is_well_made(self.page, f"{self.manual.number}-{screen}{case}")
            assert width
            self.page.set_viewport_size(width)
        return self

    def reads(self, *words: str, line: int = 0) -> Self:
        """Each of `words` stands on the page."""
        for word in words:
            expect(self.page.locator("body")).to_contain_text(word)
        return self._took(line)

    def does_not_read(self, word: str) -> Self:
        """`word` is nowhere."""
        expect(self.page.locator("body")).not_to_contain_text(word)
        return self

    def goes_by_menu(self, first: str, second: str, line: int = 0) -> Self:
        """An entry of the menu, and the one that it opens to."""
        self.page.locator(".menu summary").get_by_text(first, exact=True).click()
        press(self.page, self.page.locator(".menu__list").get_by_role("link", name=second, exact=True))
        return self._took(line)

    def goes_by_menu_entry(self, name: str) -> Self:
        """An entry of the menu that leads somewhere itself."""
        press(self.page, self.page.locator(".menu").get_by_role("link", name=name, exact=True))
        return self

    def ticks(self, name: str) -> Self:
        """The checkbox of somebody in a list."""
        self.page.locator("label.choice", has_text=name).get_by_role("checkbox").check()
        return self

    def picks(self, choice: str) -> Self:
        """One of several, by its round button."""
        self.page.get_by_role("radio", name=choice).check()
        return self

    def is_offered(self, *names: str, line: int = 0) -> Self:
        """Buttons or links of these names, whether they can be pressed now or not."""
        for name in names:
            expect(self._button(name)).to_be_visible()
        return self._took(line)

    def types(self, label: str, text: str, line: int = 0) -> Self:
        """Fill in the field that is labelled so."""
        named = self.page.locator("label", has_text=re.compile(rf"^\s*{re.escape(label)}\s*(必須|任意)?\s*$"))
        self.page.locator(f"#{named.get_attribute('for')}").fill(text)
        return self._took(line)

    def chooses(self, kind: str) -> Self:
        """A kind of token on BOT010."""
        press(self.page, self.main.get_by_role("link", name=re.compile(f"選択.*{kind}")))
        return self

    def gives(self, code: str) -> Self:
        """The one-time password that a page asks for, and on."""
        self.page.fill("[name=otp]", code)
        press(self.page, "main .button--main")
        return self

    def finds(self, user_id: str) -> Self:
        """Staff: the page of one customer."""
        self.goes_to("/staff/").page.fill("#staff-search", user_id)
        self.page.press("#staff-search", "Enter")
        self.page.wait_for_url("**/staff/customers/**")
        return self

    def takes_fob(self, serial: str) -> Self:
        """Staff: the fob that is plugged in is written; its page is there."""
        press(self.page, self.page.locator(".plugged", has_text=serial).get_by_role("button"))
        return self

    def has_no(self, label: str) -> Self:
        """There is no field of this name."""
        expect(self.page.locator("label", has_text=label)).to_have_count(0)
        return self

    def presses(self, name: str, line: int = 0) -> Self:
        """A button or link; the page that it leads to is there afterwards."""
        press(self.page, self._button(name))
        return self._took(line)

    def _button(self, name: str) -> Locator:
        by_button = self.page.get_by_role("button", name=name, exact=True)
        return by_button.or_(self.page.get_by_role("link", name=name, exact=True)).first

    def _took(self, line: int) -> Self:
        if line:
            self.manual.takes(line)
        return self


class Phone(Reader):
    """A customer's phone: the soft-token app is on it."""

    def opens_app_from(self, mail: str, line: int = 0) -> Self:
        """The address that the mail has."""
        found = re.search(r"^http\S+/app/\S*$", mail, re.MULTILINE)
        assert found, mail
        self.page.goto(found.group())
        self._took(line)
        return self

    def sets_up(self, service_id: str, user_id: str, password: str, line: int = 0) -> Self:
        """BAP001: the three entries, and 送信."""
        self.page.goto(self._base_url + "/app/")
        self.types("サービスID", service_id).types("ユーザID", user_id).types("利用開始パスワード", password)
        self.page.locator("button.main").click()
        self._took(line)
        return self

    def agrees(self, line: int = 0) -> Self:
        """上記の内容に同意する."""
        self.page.get_by_role("checkbox").check()
        self._took(line)
        return self

    def gives_name(self, name: str, line: int = 0) -> Self:
        """BAP006: the display name, which may stay empty."""
        self.page.locator("main input").first.fill(name)
        self.page.locator("button.main").click()
        self._took(line)
        return self

    def taps(self, name: str, line: int = 0) -> Self:
        """A button of the app, which leads nowhere else."""
        self._button(name).click()
        self._took(line)
        return self

    def is_at(self, now: datetime) -> None:
        """The phone's clock goes on to `now`; the codes follow within a second."""
        shown = self.page.locator(".card .code")
        before = shown.all_inner_texts()
        self.page.clock.set_system_time(now)
        for number, code in enumerate(before):
            expect(shown.nth(number)).not_to_have_text(code)

    def code(self) -> str:
        """The newest token's code as it is shown."""
        shown = self.page.locator(".card .code").last
        expect(shown).to_have_text(re.compile(r"\d{4}\s*\d{4}"))
        return re.sub(r"\s", "", shown.inner_text())

    def reads_manual(self, *words: str, line: int = 0) -> Self:
        """The app's user manual."""
        self.page.goto(self._base_url + "/app/manual")
        self.reads(*words, line=line)
        self.page.goto(self._base_url + "/app/")
        return self
