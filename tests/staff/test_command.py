"""The first administrator comes from the command line, which lets in whoever is locked out (`kagiya staff`)."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from flask import Flask

from provisioning.cli.staff import staff
from provisioning.errors import NotFound
from provisioning.services import Services
from tests.fixtures.databases import sqlite_only
from tests.fixtures.soft_authenticator import SoftAuthenticator
from tests.portal.conftest import MovableClock
from tests.staff.conftest import Colleague
from tests.staff.passkey_steps import enrol, open_link, sign_in_with

pytestmark = sqlite_only

SERVER = "https://otp.example"
BOSS = ("--institution", "dual", "--branch", "本店", "--name", "管理 しおん", "--role", "administrator")


@pytest.fixture
def operator(services: Services, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """At the server's own command line."""
    monkeypatch.setattr("provisioning.cli.compose.operator_services", lambda _file: services)
    monkeypatch.setattr("provisioning.cli.compose.utc_now", clock)
    return CliRunner()


def say(operator: CliRunner, *words: str) -> str:
    """What a command prints."""
    ended = operator.invoke(staff, words, obj="", catch_exceptions=False)
    assert ended.exit_code == 0
    return ended.output.strip()


def test_from_nothing_to_a_signed_in_administrator_and_out(app: Flask, operator: CliRunner) -> None:
    staff_id = say(operator, "add", *BOSS)
    link = say(operator, "link", staff_id)
    browser, key = Colleague(app), SoftAuthenticator()
    open_link(browser, link.removeprefix(SERVER))
    enrol(browser, key)
    assert browser.says("管理 しおん", "担当者")
    whose = ("--institution", "dual", staff_id)
    say(operator, "disable", *whose)
    assert browser.get("/staff/people/").path == "/staff/sign-in/"
    with pytest.raises(NotFound):
        say(operator, "link", staff_id)
    say(operator, "enable", *whose)
    sign_in_with(browser, key)
    assert browser.path == "/staff/stations/"
    another = SoftAuthenticator()
    open_link(browser, say(operator, "link", staff_id).removeprefix(SERVER))
    enrol(browser, another)
    assert browser.get("/staff/account/").says("登録されているパスキー", "この画面")
