"""The daily closing at the console: counted without looking, then laid beside the books."""

from __future__ import annotations

import pytest

from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_fob
from tests.portal.conftest import MovableClock
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.fob_steps import reserve

pytestmark = sqlite_only

CLOSINGS = "/staff/closings/"
NONE = {"blank": "0", "ready": "0", "returned": "0", "broken": "0"}


def test_counted_and_in_order(teller_desk: Colleague, services: Services, fob: Fob, customer_a: Customer) -> None:
    reserve(teller_desk, customer_a, fob)
    teller_desk.get(CLOSINGS)
    assert teller_desk.says("今日の動き", "在庫 →", "予約済み", "まだ締めていません。")
    teller_desk.press(CLOSINGS, **NONE | {"blank": "１", "note": "夕方"})
    assert teller_desk.says("すべて合っています", "夕方", "窓口 花子", "空のフォブ")
    page = teller_desk.path
    teller_desk.get(CLOSINGS)
    assert page in teller_desk.links
    assert teller_desk.says("合っている")


def test_what_differs_is_told_with_what_to_do(teller_desk: Colleague, services: Services, fob: Fob) -> None:
    add_fob(services, "KF0000002")
    teller_desk.get("/staff/stock/")
    assert CLOSINGS in teller_desk.links
    teller_desk.get(CLOSINGS)
    teller_desk.press(CLOSINGS, **NONE)
    assert teller_desk.says("合わないものがあります: 1件", "帳簿は2個、数えたのは0個", "-2", "もう一度数えます。")
    teller_desk.get(CLOSINGS)
    teller_desk.press(CLOSINGS, scanned="kf0000001\nKF9999999")
    assert teller_desk.says(
        "合わないものがあります: 3件", "KF0000002", "帳簿にあるのに、見つかりません", "KF9999999"
    )
    teller_desk.get(CLOSINGS)
    assert teller_desk.says("合わない 1件", "合わない 3件")


def test_counts_are_typed_on_digits(teller_desk: Colleague, fob: Fob) -> None:
    teller_desk.get(CLOSINGS)
    assert teller_desk.page.text.count('inputmode="numeric"') == len(NONE)


@pytest.mark.parametrize("typed", ["", "many", "-1", "1234567"])
def test_what_is_no_number_is_told_and_kept(teller_desk: Colleague, fob: Fob, typed: str) -> None:
    teller_desk.get(CLOSINGS)
    teller_desk.press(CLOSINGS, **NONE | {"ready": typed, "note": "夕方"})
    told = "「書込み中・お渡し待ち」の個数を半角数字で入力してください。"
    assert (teller_desk.path, teller_desk.says(told)) == (CLOSINGS, True)
    assert teller_desk.form(CLOSINGS)["note"] == "夕方"


def test_who_sees_and_who_closes(at_desk: AtDesk, teller_desk: Colleague, fob: Fob, clock: MovableClock) -> None:
    teller_desk.get(CLOSINGS)
    teller_desk.press(CLOSINGS, **NONE | {"blank": "1"})
    page = teller_desk.path
    auditor = at_desk(role=StaffRole.AUDITOR, name="監査 三郎")
    assert auditor.get(page).says("すべて合っています")
    assert "締める" not in auditor.get(CLOSINGS).text.replace("これまでの締め", "")
    assert at_desk(branch="駅前支店", name="駅前 次郎").get(page).page.status_code == 404
