"""役席承認 in a real browser: pages are well made in both languages, and a passkey signs what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from provisioning.jobs.ask_approval import ask_approval
from provisioning.jobs.invite_staff import InviteStaffCommand, invite_staff
from provisioning.jobs.reserve_fob import ReserveFobCommand
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.approval import ApprovalRules, ApprovedAct
from provisioning.rules.institution import Institution
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.queries.staff import staff_member
from provisioning.store.tables import Credential, Customer, Fob
from tests.browser.conftest import LANGUAGES, Live, OpenPage, is_well_made, press
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL, OTHER
from tests.fixtures.soft_authenticator import SoftAuthenticator
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down_at
from tests.fixtures.tokens import give_token
from tests.portal.visitor import Visitor
from tests.staff import rows
from tests.staff.passkey_steps import WELCOME, enrol, open_link
from web.current import EXTENSION, Face

pytestmark = sqlite_only

KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """`dual` demands a second person for everything."""
    return {DUAL.id: replace(DUAL, approval=ApprovalRules(tuple(ApprovedAct))), OTHER.id: OTHER}


def sit(page: Page, live: Live, role: StaffRole, name: str) -> str:
    staff_id = new_staff(live.services, live.clock(), role, name=name)
    sit_down_at(page, live.url(""), session_of(live.services, staff_id, live.clock()))
    return staff_id


def makes_a_passkey(live: Live) -> str:
    """The session of somebody who did, on an administrator's link."""
    services, now = live.services, live.clock()
    boss = staff_member(services.store, new_staff(services, now, StaffRole.ADMINISTRATOR, name="管理 しおん"))
    actor = Actor(ActorKind.STAFF, boss.id, boss.institution_id, boss.branch, "127.0.0.1")
    link = invite_staff(services, InviteStaffCommand(new_staff(services, now, name="窓口 新人"), actor), now).path
    browser = Visitor(live.app, live.url(""))
    open_link(browser, link)
    enrol(browser, SoftAuthenticator())
    cookie = browser.client.get_cookie("kagiya-staff")
    assert cookie is not None
    return cookie.value


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_maker_asks_and_the_approver_reads(
    open_page: OpenPage,
    live: Live,
    services: Services,
    customer_a: Customer,
    customer_b: Customer,
    fob: Fob,
    teller_actor: Actor,
    language: str,
) -> None:
    token = give_token(services, customer_a, live.clock())
    with services.store.read() as session:
        rows.suspend(services, session.get_one(Credential, token.credential_id), live.clock())
    maker, approver = open_page(language), open_page(language)
    sit(maker, live, StaffRole.TELLER, "窓口 花子")
    maker.goto(live.url(f"/staff/customers/{customer_a.id}/"))
    is_well_made(maker, f"SCU001-approval-{language}")
    press(maker)
    is_well_made(maker, f"SAP002-maker-{language}")
    request = maker.url
    ask_approval(services, ReserveFobCommand("dual", customer_b.id, fob.id, teller_actor), live.clock())
    live.clock.advance(minutes=71)
    sit(approver, live, StaffRole.APPROVER, "役席 つばさ")
    approver.goto(live.url("/staff/approvals/"))
    is_well_made(approver, f"SAP001-{language}")
    approver.goto(request)
    is_well_made(approver, f"SAP002-approver-{language}")
    newcomer = open_page(language)
    newcomer.context.add_cookies([{"name": "kagiya-staff", "value": makes_a_passkey(live), "url": live.url("")}])
    newcomer.goto(live.url(WELCOME))
    is_well_made(newcomer, f"SIN003-waits-{language}")
    approver.goto(live.url("/staff/approvals/"))
    press(approver, approver.locator("main .staff-link").last)
    is_well_made(approver, f"SAP002-passkey-{language}")
    live.clock.advance(hours=8)
    sit(approver, live, StaffRole.APPROVER, "役席 なぎさ")
    approver.goto(request)
    is_well_made(approver, f"SAP002-expired-{language}")


def test_a_passkey_in_the_browser_signs_what_stands_on_the_page(
    live: Live, page: Page, services: Services, customer_a: Customer, fob: Fob, teller_actor: Actor
) -> None:
    server = replace(services.settings.server, base_url=live.url("").rstrip("/"))
    face: Face = live.app.extensions[EXTENSION]
    here = replace(services, settings=replace(services.settings, server=server))
    live.app.extensions[EXTENSION] = replace(face, services=here)
    browser = page.context.new_cdp_session(page)
    browser.send("WebAuthn.enable")
    browser.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    approver = new_staff(services, live.clock(), StaffRole.APPROVER, name="役席 つばさ")
    page.goto(live.url(invite_staff(here, InviteStaffCommand(approver, SYSTEM), live.clock()).path))
    page.get_by_label("パスキーの名前").fill("青い鍵")
    page.get_by_role("button", name="パスキーを作る").click()
    page.wait_for_url("**/staff/")
    asked = ask_approval(services, ReserveFobCommand("dual", customer_a.id, fob.id, teller_actor), live.clock())
    page.goto(live.url(f"/staff/approvals/{asked}/"))
    page.get_by_role("button", name="署名して承認する").click()
    expect(page.locator("main")).to_contain_text("この内容への署名です")
    is_well_made(page, "SAP002-done")
    with services.store.read() as session:
        assert session.get_one(Fob, fob.id).state is FobState.RESERVED
