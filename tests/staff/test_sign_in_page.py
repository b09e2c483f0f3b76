"""Signing in at the console: by link, for fifteen idle minutes, until disabled."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from provisioning.jobs.add_staff import AddStaffCommand, add_staff
from provisioning.jobs.disable_staff import DisableStaffCommand, disable_staff
from provisioning.jobs.make_sign_in_link import MakeSignInLinkCommand, make_sign_in_link
from provisioning.rules.permissions import StaffRole
from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.settings import ServerSettings
from provisioning.store.audit import SYSTEM
from provisioning.store.queries.staff import staff_of
from tests.fixtures.databases import sqlite_only
from tests.portal.conftest import MovableClock
from tests.staff.conftest import AtDesk, Colleague, staff_link
from web.app import create_app

pytestmark = sqlite_only

CLOSED = "/staff/sign-in/"


def test_looking_at_a_link_does_not_spend_it(app: Flask, services: Services, clock: MovableClock) -> None:
    path = staff_link(services, clock())
    for _ in range(2):
        assert Colleague(app).get(path).page.status_code == 200
    browser = Colleague(app)
    browser.get(path)
    browser.press(path)
    assert (browser.path, browser.says("窓口 花子", "本店")) == ("/staff/", True)
    again = Colleague(app)
    assert again.get(path).page.status_code == 404
    assert again.get("/staff/").path == CLOSED


def test_a_spent_or_invented_link_says_what_to_do(app: Flask, services: Services, clock: MovableClock) -> None:
    browser = Colleague(app)
    browser.get("/staff/sign-in/invented")
    assert browser.page.status_code == 404
    assert browser.says("新しいサインイン用リンクの発行を依頼してください")
    path = staff_link(services, clock())
    browser.get(path)
    clock.advance(minutes=10)
    browser.press(path)
    assert browser.page.status_code == 404


def test_a_demo_link_works_from_this_machine_only(services: Services, clock: MovableClock) -> None:
    demo = replace(
        services,
        settings=replace(services.settings, server=ServerSettings(base_url="http://localhost", demo=True)),
    )
    app = create_app(demo, ALL_ROLES, clock)
    command = AddStaffCommand("dual", "本店", "窓口 太郎", StaffRole.TELLER, SYSTEM, demo=True)
    path = make_sign_in_link(demo, MakeSignInLinkCommand(add_staff(demo, command, clock()), SYSTEM), clock()).path
    for _ in range(2):
        browser = Colleague(app)
        assert browser.get(path).path == "/staff/"
    elsewhere = app.test_client()
    for environment, headers in (
        ({"REMOTE_ADDR": "192.0.2.7"}, {}),
        ({"REMOTE_ADDR": "127.0.0.1"}, {"X-Forwarded-For": "192.0.2.7"}),
        ({"REMOTE_ADDR": "nowhere"}, {}),
    ):
        answer = elsewhere.get(path, environ_overrides=environment, headers=headers)
        assert answer.status_code == 404
    production = create_app(services, ALL_ROLES, clock).test_client()
    assert production.get(path).status_code == 404


def test_every_page_asks_for_a_sign_in(app: Flask) -> None:
    for path in ("/staff/", "/staff/search/", "/staff/stock/", "/staff/stations/live", "/staff/acts/1"):
        assert Colleague(app).get(path).path == CLOSED
    answer = app.test_client().post("/staff/customers/x/lift", base_url="https://localhost")
    assert answer.status_code == 400  # without the form's token


def test_signing_out_ends_it(teller_desk: Colleague) -> None:
    teller_desk.get("/staff/")
    teller_desk.press("/staff/sign-in/out")
    assert teller_desk.path == CLOSED
    assert teller_desk.get("/staff/").path == CLOSED


def test_fifteen_idle_minutes_end_it_and_the_page_says_so(teller_desk: Colleague, clock: MovableClock) -> None:
    clock.advance(minutes=14, seconds=59)
    assert teller_desk.get("/staff/").path == "/staff/"
    clock.advance(minutes=15)
    teller_desk.get("/staff/")
    assert (teller_desk.path, teller_desk.says("15分以上操作がなかった")) == (CLOSED, True)


def test_disabled_staff_are_out_with_the_next_request(
    at_desk: AtDesk, services: Services, clock: MovableClock
) -> None:
    desk = at_desk(name="窓口 次郎")
    (member,) = staff_of(services.store, "dual")
    disable_staff(services, DisableStaffCommand("dual", member.id, SYSTEM), clock())
    assert desk.get("/staff/").path == CLOSED


@pytest.mark.parametrize("path", ["/staff/sign-in/out", "/staff/stock/x/back"])
def test_posts_without_the_forms_token_are_refused(teller_desk: Colleague, path: str) -> None:
    teller_desk.post(path, {})
    assert teller_desk.page.status_code == 400


def test_only_a_demonstration_says_where_its_links_and_passwords_stand(
    app: Flask, services: Services, clock: MovableClock
) -> None:
    server = ServerSettings(base_url="http://localhost", demo=True)
    shown = create_app(replace(services, settings=replace(services.settings, server=server)), ALL_ROLES, clock)
    for path in (CLOSED, "/portal/sign-in/dual"):
        assert "デモでは" in Colleague(shown).get(path).text
        assert "デモでは" not in Colleague(app).get(path).text
