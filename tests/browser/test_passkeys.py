"""A passkey from its making to a step-up, with Chromium's own virtual authenticator."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import CDPSession, Page, expect

from provisioning.jobs.invite_staff import InviteStaffCommand, invite_staff
from provisioning.rules.actor import SYSTEM
from provisioning.rules.permissions import StaffRole
from tests.browser.conftest import Live
from tests.fixtures.databases import sqlite_only
from tests.fixtures.staff_sessions import new_staff
from web.current import EXTENSION, Face

pytestmark = sqlite_only

PLATFORM = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class Authenticator:
    """The browser's own, which verifies whoever uses it, or does not."""

    devtools: CDPSession
    name: str

    def verifies(self, *, user: bool) -> None:
        """Whether the finger is the right one."""
        told = {"authenticatorId": self.name, "isUserVerified": user}
        self.devtools.send("WebAuthn.setUserVerified", told)


@pytest.fixture
def authenticator(page: Page) -> Authenticator:
    """Plugged into the page's browser."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    added = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": PLATFORM})
    return Authenticator(devtools, added["authenticatorId"])


@pytest.fixture
def live(live: Live) -> Live:
    """The server by its own address: passkeys are bound to it."""
    server = replace(live.services.settings.server, base_url=live.url("").rstrip("/"))
    services = replace(live.services, settings=replace(live.services.settings, server=server))
    face: Face = live.app.extensions[EXTENSION]
    live.app.extensions[EXTENSION] = replace(face, services=services)
    return replace(live, services=services)


def test_from_the_link_to_a_step_up(live: Live, page: Page, authenticator: Authenticator) -> None:
    boss = new_staff(live.services, live.clock(), StaffRole.ADMINISTRATOR, name="管理 しおん")
    colleague = new_staff(live.services, live.clock(), name="窓口 新人")
    page.goto(live.url(invite_staff(live.services, InviteStaffCommand(boss, SYSTEM), live.clock()).path))
    page.get_by_label("パスキーの名前").fill("窓口のPC")
    page.get_by_role("button", name="パスキーを作る").click()
    page.wait_for_url("**/staff/stations/")

    page.get_by_role("button", name="サインアウト").click()
    expect(page.locator(".screen-id b")).to_have_text("SIN001")
    live.clock.advance(hours=10)  # overnight: one press is enough all the same
    page.get_by_role("button", name="パスキーでサインインする").click()
    page.wait_for_url("**/staff/stations/")

    live.clock.advance(minutes=6)
    page.goto(live.url(f"/staff/people/{colleague}/"))
    page.get_by_role("button", name="登録用リンクを発行する").click()
    expect(page.locator("h1")).to_have_text("ご本人の確認")
    page.get_by_role("button", name="パスキーで確認する").click()
    page.wait_for_url(f"**/staff/people/{colleague}/")
    expect(page.locator("main")).to_contain_text(live.url("/staff/welcome/"))

    page.get_by_role("button", name="サインアウト").click()
    authenticator.verifies(user=False)
    page.get_by_role("button", name="パスキーでサインインする").click()
    expect(page.get_by_role("alert")).to_contain_text("もう一度お試しください")
    page.goto(live.url("/staff/"))
    expect(page.locator(".screen-id b")).to_have_text("SIN001")


def test_two_passkeys_of_one_device_are_not_made(live: Live, page: Page, authenticator: Authenticator) -> None:
    staff_id = new_staff(live.services, live.clock())
    page.goto(live.url(invite_staff(live.services, InviteStaffCommand(staff_id, SYSTEM), live.clock()).path))
    page.get_by_label("パスキーの名前").fill("窓口のPC")
    page.get_by_role("button", name="パスキーを作る").click()
    page.wait_for_url("**/staff/")
    page.goto(live.url("/staff/account/passkeys/new"))
    page.get_by_label("パスキーの名前").fill("もう一度")
    page.get_by_role("button", name="パスキーを作る").click()
    expect(page.get_by_role("alert")).to_have_text("この機器のパスキーは、もう登録されています。")
