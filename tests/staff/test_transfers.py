"""Fobs that go to another branch, at both consoles: sent with a slip, counted on arrival, asked after."""

from __future__ import annotations

import pytest

from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.queries.fobs import fob_by_serial
from provisioning.store.tables import Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_fob
from tests.portal.conftest import MovableClock
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.fob_steps import fob_state

pytestmark = sqlite_only

TRANSFERS = "/staff/transfers/"
SENT = {"to_branch": "駅前支店", "serials": "kf0000001\nKF0000002", "packed": "2", "note": "便 A-1"}


@pytest.fixture
def second(services: Services, fob: Fob) -> Fob:
    """KF0000002 beside KF0000001."""
    return add_fob(services, "KF0000002")


@pytest.fixture
def station_front(at_desk: AtDesk) -> Colleague:
    """A teller of the branch that they go to."""
    return at_desk(branch="駅前支店", name="駅前 次郎")


def send(desk: Colleague, **typed: str) -> str:
    """Send two fobs; the path of the transfer's page."""
    desk.get(TRANSFERS)
    desk.press(TRANSFERS, **SENT | typed)
    return desk.path


def test_two_fobs_go_to_another_branch(
    teller_desk: Colleague, station_front: Colleague, services: Services, second: Fob
) -> None:
    teller_desk.get("/staff/stock/")
    assert TRANSFERS in teller_desk.links
    slip = send(teller_desk)
    assert teller_desk.says(
        "フォブの移送票", "移送中です: 2個", "本店 → 駅前支店", "便 A-1", "窓口 花子", "KF0000001"
    )
    teller_desk.get("/staff/stock/")
    assert teller_desk.says("駅前支店へ移送中")
    station_front.get("/staff/stock/")
    assert station_front.says("ほかの店から届くフォブがあります: 2個")
    station_front.get(TRANSFERS)
    assert slip in station_front.links
    station_front.get(slip)
    assert station_front.says("この店に届きます: 2個")
    station_front.press(slip + "receive", arrived="２")
    assert station_front.says("移送は終わっています", "受け取り済み", "駅前 次郎")
    station_front.get("/staff/stock/")
    assert station_front.says("KF0000001", "KF0000002")
    assert "ほかの店から届くフォブ" not in station_front.text
    teller_desk.get(f"/staff/stock/{second.id}/")
    assert teller_desk.page.status_code == 404
    station_front.get(f"/staff/stock/{second.id}/")
    assert station_front.says("受け渡しの記録", "窓口 花子", "駅前支店へ移送中", "駅前 次郎")


def test_one_did_not_arrive_and_came_back(
    teller_desk: Colleague, station_front: Colleague, services: Services, second: Fob, clock: MovableClock
) -> None:
    slip = send(teller_desk)
    station_front.get(slip)
    station_front.press(slip + "receive", arrived="1")
    assert station_front.says("届いた個数と、一覧の数が違います。")
    assert station_front.form(slip + "receive")["arrived"] == "1"
    station_front.press(slip + "receive", arrived="1", not_arrived="kf0000002")
    assert station_front.says("この店に届きます: 1個")
    page = f"/staff/stock/{second.id}/"
    teller_desk.get(page)
    assert teller_desk.says("駅前支店の受け取りを待つ", "紛失として登録")
    assert "廃棄として登録" not in teller_desk.text
    clock.advance(seconds=1)
    teller_desk.press(page + "call-back")
    assert teller_desk.says("移送中のフォブを在庫に戻しました", "KF0000002", "K-0")
    assert fob_state(services, second) is FobState.IN_STOCK
    assert teller_desk.get(slip).says("移送は終わっています", "戻ってきた", "窓口 花子")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"to_branch": ""}, "送り先の店を選んでください。"),
        ({"to_branch": "本店"}, "送り先の店を選んでください。"),
        ({"serials": " "}, "送るフォブの番号を入力してください。"),
        ({"serials": "KF0000001\nKF9999999"}, "この店の在庫にない番号があります。"),
        ({"packed": "1"}, "入れた個数と、番号の数が違います。"),
        ({"packed": "two"}, "入れた個数を半角数字で入力してください。"),
    ],
)
def test_a_parcel_that_does_not_agree_is_told_and_kept(
    teller_desk: Colleague, services: Services, second: Fob, typed: dict[str, str], sentence: str
) -> None:
    send(teller_desk, **typed)
    assert (teller_desk.path, teller_desk.says(sentence)) == (TRANSFERS, True)
    assert teller_desk.form(TRANSFERS)["note"] == "便 A-1"
    assert fob_state(services, second) is FobState.IN_STOCK


def test_a_fob_that_is_not_in_stock_is_named(teller_desk: Colleague, second: Fob) -> None:
    send(teller_desk, serials="KF0000002\nkf9999999")
    assert teller_desk.says("在庫にない番号: KF9999999")


def test_a_range_fills_the_form(teller_desk: Colleague, services: Services) -> None:
    for number in (1, 2, 4):
        add_fob(services, f"KG000000{number}", profile="kagiya-fob")
    asked = "?profile=kagiya-fob&lowest=KG0000001&highest=KG0000004"
    teller_desk.get("/staff/ranges/" + asked)
    assert TRANSFERS + asked in teller_desk.links
    teller_desk.get(TRANSFERS + asked)
    assert teller_desk.form(TRANSFERS)["serials"].split() == ["KG0000001", "KG0000002", "KG0000004"]


def test_who_sees_and_who_sends(at_desk: AtDesk, teller_desk: Colleague, services: Services, second: Fob) -> None:
    slip = send(teller_desk)
    auditor = at_desk(role=StaffRole.AUDITOR, name="監査 三郎")
    assert auditor.get(slip).says("移送中です: 2個")
    assert "送り先の店" not in auditor.get(TRANSFERS).text
    assert slip + "receive" not in auditor.page.text
    # the sender's own desk does not take in what it sent
    assert slip + "receive" not in teller_desk.get(slip).page.text
    other = at_desk(institution_id="other", name="他行 花子")
    assert other.get(slip).page.status_code == 404
    assert fob_by_serial(services.store, "dual", "KF0000001").bound_for == "駅前支店"
