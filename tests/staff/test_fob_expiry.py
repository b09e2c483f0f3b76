"""The last day of a fob at the console and in the portal: noted, reminded of at 90 and 30 days, past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.store.queries.fobs import fob_by_serial
from provisioning.store.tables import Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import PASSWORD
from tests.fixtures.tokens import Token, give_token
from tests.portal.conftest import MovableClock
from tests.portal.visitor import Visitor
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague

pytestmark = sqlite_only

EXPIRES_AT = datetime(2027, 3, 31, 15, 0, 0, tzinfo=UTC)
LAST_DAY = "2027年3月31日"


@pytest.fixture
def token(services: Services, customer_a: Customer, fob: Fob, clock: MovableClock) -> Token:
    """Customer A's key fob, in use, good until 31 March 2027."""
    rows.change(services, Fob, fob.id, expires_at=EXPIRES_AT)
    return give_token(services, customer_a, clock(), fob=fob)


def test_the_last_day_is_noted_on_the_fobs_page(teller_desk: Colleague, fob: Fob, clock: MovableClock) -> None:
    page = f"/staff/stock/{fob.id}/"
    teller_desk.get(page)
    teller_desk.press(page + "expiry", last_day="2026-11-19")
    assert teller_desk.says("使用期限が過ぎています。")
    assert teller_desk.form(page + "expiry")["last_day"] == "2026-11-19"
    teller_desk.press(page + "expiry", last_day="tomorrow")
    assert teller_desk.says("使用期限を年月日で入力してください。")
    clock.advance(seconds=1)
    teller_desk.press(page + "expiry", last_day="2027-03-31")
    assert teller_desk.says("フォブの使用期限を記録しました", LAST_DAY, fob.serial, "K-0")
    teller_desk.get(page)
    assert teller_desk.says(f"{LAST_DAY}まで")
    assert teller_desk.form(page + "expiry")["last_day"] == "2027-03-31"
    clock.advance(seconds=1)
    teller_desk.press(page + "expiry", last_day="")
    teller_desk.get(page)
    assert LAST_DAY not in teller_desk.text


def test_a_box_has_a_last_day(teller_desk: Colleague, services: Services) -> None:
    box = "/staff/ranges/?profile=kagiya-fob&lowest=KF0000001&highest=KF0000003"
    teller_desk.get(box)
    teller_desk.press("/staff/ranges/take", counted="3", last_day="2026-01-01")
    assert teller_desk.says("使用期限が過ぎています。")
    teller_desk.press("/staff/ranges/take", counted="3", last_day="2027-03-31")
    assert teller_desk.says("フォブを番号の範囲で在庫に受け入れました")
    assert fob_by_serial(services.store, "dual", "KF0000003").expires_at == EXPIRES_AT


def test_the_customer_and_the_branch_are_reminded(
    app: Flask, at_desk: AtDesk, customer_a: Customer, token: Token, clock: MovableClock
) -> None:
    told = f"お使いのハードウェアトークンの期限は {LAST_DAY} です"
    for before, words, tone in (
        (timedelta(days=90, seconds=1), None, None),
        (timedelta(days=90), "期限まで90日以内", "notice--info"),
        (timedelta(days=30), "期限まで30日以内", "notice--warning"),
    ):
        clock.now = EXPIRES_AT - before
        customer = Visitor(app).get("/portal/sign-in/dual")
        customer.submit(customer.path, login_id=customer_a.login_id, password=PASSWORD)
        customer.submit("/portal/sign-in-code", otp=token.code(clock()))
        assert (told in customer.text) == (words is not None)
        assert tone is None or tone in customer.page.text
        desk = at_desk(name=f"窓口 {before.days}")
        listed = desk.get("/staff/").text.partition("使用期限の近いトークン")[2]
        assert (customer_a.name in listed) == (words is not None)
        card = desk.get(f"/staff/customers/{customer_a.id}/")
        assert card.says(f"{LAST_DAY}まで")
        assert words is None or (words in listed and card.says(words))


def test_an_expired_fob_is_not_offered_and_not_taken(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, clock: MovableClock
) -> None:
    rows.change(services, Fob, fob.id, expires_at=clock())
    hard = f"/staff/customers/{customer_a.id}/hard/"
    teller_desk.get(hard)
    assert teller_desk.says(fob.serial, "期限切れ")
    assert "使う" not in teller_desk.text.partition("引き出しの在庫")[2]
    teller_desk.press(hard, serial=fob.serial)
    assert teller_desk.says("このフォブは、使用期限を過ぎています")
    teller_desk.get(f"/staff/stock/{fob.id}/")
    assert teller_desk.says("廃棄として登録する", "もう発行には使えません")


def test_an_auditor_changes_no_last_day(at_desk: AtDesk, fob: Fob) -> None:
    auditor = at_desk(role=StaffRole.AUDITOR, name="監査 三郎")
    auditor.get(f"/staff/stock/{fob.id}/")
    assert f"/staff/stock/{fob.id}/expiry" not in auditor.page.text
