"""Whoever makes an invitation could follow it: a second person meets whoever made the passkey (R53, R56)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from provisioning.jobs.disable_staff import DisableStaffCommand, disable_staff
from provisioning.jobs.invite_staff import InviteStaffCommand, invite_staff
from provisioning.rules.actor import SYSTEM
from provisioning.rules.approval import ApprovalRules, ApprovedAct
from provisioning.rules.institution import Institution
from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.store.tables import ApprovalRequest, AuditEntry, Passkey
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL, ORIGIN
from tests.fixtures.soft_authenticator import SoftAuthenticator, give_passkey
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.passkey_steps import enrol, open_link, sign_in_with
from tests.staff.test_approvals import LIST, Approver, sit

pytestmark = sqlite_only

PEOPLE = "/staff/people/"
NOT_YET = "まだ役席者の確認がすんでいません"


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    return {DUAL.id: replace(DUAL, approval=ApprovalRules((ApprovedAct.ENROL_STAFF,)))}


@pytest.fixture
def boss(at_desk: AtDesk) -> Colleague:
    """An administrator of `dual`, signed in."""
    return at_desk(role=StaffRole.ADMINISTRATOR, name="管理 しおん")


@pytest.fixture
def approver(app: Flask, services: Services, clock: MovableClock) -> Approver:
    """Of `dual`, 本店, signed in."""
    return sit(app, services, clock, "役席 つばさ")


def invite(boss: Colleague, staff_id: str) -> str:
    """The path of a fresh link."""
    person = f"{PEOPLE}{staff_id}/"
    boss.get(person).press(person + "invite")
    assert boss.says("役席者がご本人に会って確認番号を見比べるまで、サインインはできません")
    link = next(word for word in boss.text.split() if word.startswith(f"{ORIGIN}/staff/welcome/"))
    return link.removeprefix(ORIGIN)


def follow(app: Flask, link: str) -> tuple[Colleague, SoftAuthenticator]:
    """A browser in which the passkey was made, and what it is kept in."""
    browser, key = Colleague(app), SoftAuthenticator()
    open_link(browser, link)
    enrol(browser, key)
    return browser, key


def asked(approver: Colleague) -> str:
    """The newest request about a passkey."""
    return next(link for link in approver.get(LIST).links if link.startswith(LIST) and link != LIST)


def code_on(browser: Colleague) -> str:
    """確認番号 as the page has it."""
    return str(re.findall(r"確認番号 (\d{4} \d{4})", browser.text)[0])


def test_a_colleague_signs_in_once_an_approver_has_met_them(
    app: Flask, boss: Colleague, approver: Approver, services: Services, clock: MovableClock
) -> None:
    newcomer = new_staff(services, clock(), name="窓口 新人")
    browser, key = follow(app, invite(boss, newcomer))
    assert browser.says("この画面を役席者に見せてください", "窓口 新人")
    assert boss.get(f"{PEOPLE}{newcomer}/").says("役席者の確認待ち")
    other = Colleague(app)
    sign_in_with(other, key)
    assert other.says(NOT_YET)
    approver.get(asked(approver))
    assert approver.says("窓口 新人さん（本店、窓口担当）が、作ったパスキーで", "ご本人に会い")
    assert code_on(approver) == code_on(browser.get("/staff/welcome/"))
    approver.signs(approver.path)
    assert approver.says("承認・実行済み")
    sign_in_with(other, key)
    assert other.path == "/staff/"
    with services.store.read() as tx:
        entry = tx.scalars(select(AuditEntry).where(AuditEntry.act == "confirm_passkey")).one()
    assert entry.facts["staff_id"] == newcomer
    assert entry.facts["approver"]


def test_a_request_whose_words_were_changed_tells_so(
    app: Flask, boss: Colleague, approver: Approver, services: Services, clock: MovableClock
) -> None:
    follow(app, invite(boss, new_staff(services, clock(), name="窓口 新人")))
    request = asked(approver)
    rows.change(services, ApprovalRequest, request.split("/")[-2], payload=b"{}")
    assert approver.get(request).says("依頼の内容が書き換えられている")


def test_who_follows_their_own_invitation_gets_nowhere(
    app: Flask, boss: Colleague, approver: Approver, services: Services, clock: MovableClock
) -> None:
    colleague = new_staff(services, clock(), name="窓口 次郎")
    theirs = give_passkey(services, colleague, clock())
    _, key = follow(app, invite(boss, colleague))
    approver.get(asked(approver))
    assert approver.says("この人には、ほかにも使えるパスキーがあります")
    approver.press(approver.path + "refuse", objection="本人は作っていない")
    stranger, owner = Colleague(app), Colleague(app)
    sign_in_with(stranger, key)
    assert (stranger.path, stranger.says(NOT_YET)) == ("/staff/sign-in/", True)
    sign_in_with(owner, theirs)
    assert owner.path == "/staff/"
    assert boss.get(approver.path).says("本人は作っていない")
    boss.post(approver.path + "give", {"csrf_token": boss.form("/staff/sign-in/out")["csrf_token"]})
    assert boss.page.status_code == 403


def test_a_later_link_voids_what_waits(
    app: Flask, boss: Colleague, approver: Approver, services: Services, clock: MovableClock
) -> None:
    newcomer = new_staff(services, clock(), name="窓口 新人")
    first, _ = follow(app, invite(boss, newcomer))
    request, seen = asked(approver), code_on(first)
    clock.advance(seconds=1)
    second, key = follow(app, invite(boss, newcomer))
    assert code_on(second) != seen
    approver.signs(request)
    assert approver.says("実行できず")
    with services.store.read() as tx:
        assert [
            row.confirmation_code is not None
            for row in tx.scalars(select(Passkey).where(Passkey.staff_id == newcomer))
        ] == [True]
    approver.signs(asked(approver))
    browser = Colleague(app)
    sign_in_with(browser, key)
    assert browser.path == "/staff/"


def test_a_teller_is_known_at_the_branch_and_nobody_confirms_themselves(
    app: Flask, boss: Colleague, approver: Approver, services: Services, clock: MovableClock
) -> None:
    far = new_staff(services, clock(), name="窓口 遠く", branch="駅前支店")
    follow(app, invite(boss, far))
    assert approver.get(LIST).says("承認待ち 0")
    first_there = new_staff(services, clock(), StaffRole.APPROVER, "駅前支店", name="役席 新任")
    own = give_passkey(services, first_there, clock())
    follow(app, invite(boss, first_there))
    themselves = Approver(app)
    themselves.key = own
    sit_down(themselves, session_of(services, first_there, clock()))
    themselves.signs(asked(approver))
    assert themselves.says("ご自分のトークンやパスキーのことは承認できません")
    approver.signs(asked(approver))
    assert approver.says("承認・実行済み")


def test_nothing_is_confirmed_for_who_was_shut_out_meanwhile(
    app: Flask, boss: Colleague, approver: Approver, services: Services, clock: MovableClock
) -> None:
    newcomer = new_staff(services, clock(), name="窓口 新人")
    follow(app, invite(boss, newcomer))
    disable_staff(services, DisableStaffCommand("dual", newcomer, SYSTEM), clock())
    approver.signs(asked(approver))
    assert approver.says("実行できず")


def test_a_link_of_the_command_line_needs_nobody(app: Flask, services: Services, clock: MovableClock) -> None:
    first = new_staff(services, clock(), StaffRole.ADMINISTRATOR, name="管理 しおん")
    browser, _ = follow(app, invite_staff(services, InviteStaffCommand(first, SYSTEM), clock()).path)
    assert browser.path == "/staff/stations/"
