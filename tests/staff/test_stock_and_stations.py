"""The stock of fobs and the workstations, as the console keeps them."""

from __future__ import annotations

import pytest

from provisioning.jobs.enrol_station import EnrolStationCommand, enrol_station
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_fob
from tests.fixtures.tokens import give_token
from tests.fobs.desk import Desk, PlainFob
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.fob_steps import fob_state, leaves_what_is_typed
from web.pages.staff import stock_file

pytestmark = sqlite_only


def test_whoever_names_a_new_station_is_not_interrupted(at_desk: AtDesk) -> None:
    assert leaves_what_is_typed(at_desk(role=StaffRole.ADMINISTRATOR).get("/staff/stations/"))
    assert 'http-equiv="refresh"' in at_desk().get("/staff/stations/").page.text


def test_a_new_fob_is_taken_into_stock_once(
    at_desk: AtDesk, services: Services, station_desk: Desk, clock: MovableClock
) -> None:
    station_desk.fobs.append(PlainFob("KF0000077"))
    station_desk.poll()
    first, second = at_desk(name="窓口 一郎"), at_desk(name="窓口 二郎")
    take = f"/staff/stations/{station_desk.station_id}/take"
    for desk in (first, second):
        desk.get("/staff/stock/")
        assert desk.says("端末に、まだ在庫でないフォブがあります", "KF0000077")
    clock.advance(seconds=1)
    first.press(take)
    assert first.says("フォブを在庫に受け入れました", "KF0000077", "K-0")
    clock.advance(seconds=1)
    second.press(take)
    assert second.says("このフォブは、ほかの担当者が先に使いました")
    first.get("/staff/stock/?serial=kf00000")
    assert first.says("KF0000077", "90%", "本店", "在庫")
    first.get("/staff/stock/?state=lost")
    assert first.says("あてはまるフォブはありません")


def test_the_stock_is_taken_away_as_a_file_without_whose_it_is(
    at_desk: AtDesk, services: Services, customer_a: Customer, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock_file, "_AT_ONCE", 2)
    for serial in ("KF0000001", "KF0000002", "KF0000003"):
        kept = add_fob(services, serial)
    elsewhere = add_fob(services, "KF0000004")
    with services.store.write() as tx:
        tx.get_one(Fob, elsewhere.id).branch = "駅前支店"
    give_token(services, customer_a, clock(), fob=kept)
    clock.advance(hours=13)  # in Japan it is the next day
    desk = at_desk().get("/staff/stock/")
    asked = "/staff/stock/list.csv"
    assert asked in desk.links
    header, *lines = desk.get(asked).page.text.splitlines()
    assert header.startswith("\ufeffシリアル番号,種類,")
    assert [line.split(",")[0] for line in lines] == ["KF0000001", "KF0000002", "KF0000003"]
    assert customer_a.user_id not in desk.page.text
    assert customer_a.name not in desk.page.text
    assert desk.page.headers["Content-Disposition"] == 'attachment; filename="stock-20261121.csv"'
    only = desk.get(f"{asked}?state=in_stock&serial=kf0000001").page.text.splitlines()
    assert len(only) == 2


def test_a_released_fob_comes_back_is_erased_and_is_stock_again(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, station_desk: Desk,
    clock: MovableClock,
) -> None:  # fmt: skip
    give_token(services, customer_a, clock(), fob=fob)
    page = f"/staff/stock/{fob.id}/"
    teller_desk.get(page)
    token = teller_desk.form("/staff/sign-in/out")["csrf_token"]
    clock.advance(seconds=1)
    teller_desk.post(page + "back", {"csrf_token": token})
    assert (teller_desk.path, teller_desk.says("いまの状態では、この操作はできません")) == (page, True)
    teller_desk.get(f"/staff/customers/{customer_a.id}/end")
    teller_desk.press(f"/staff/customers/{customer_a.id}/end", reason="customers_wish")
    clock.advance(seconds=1)
    teller_desk.get(page)
    assert teller_desk.says("返していただく")
    teller_desk.press(page + "back")
    assert teller_desk.says("フォブを返していただきました", "お客さまへ", customer_a.name)
    clock.advance(seconds=1)
    teller_desk.get(page)
    assert teller_desk.says("消去して在庫に戻す")
    teller_desk.press(page + "erase")
    assert teller_desk.path.startswith("/staff/programming/")
    assert teller_desk.says("フォブの消去", "差し込む")
    station_desk.plug(fob)
    station_desk.now = clock()
    station_desk.work()
    teller_desk.get(teller_desk.path)
    assert teller_desk.says("消去しました", "フォブは空になり、在庫に戻りました")
    assert fob_state(services, fob) is FobState.IN_STOCK


@pytest.mark.parametrize(("to", "word"), [("lost", "紛失"), ("broken", "故障"), ("retired", "廃棄")])
def test_a_fob_leaves_the_stock(
    teller_desk: Colleague, services: Services, fob: Fob, clock: MovableClock, to: str, word: str
) -> None:
    page = f"/staff/stock/{fob.id}/"
    teller_desk.get(page)
    assert teller_desk.says(f"{word}として登録")
    clock.advance(seconds=1)
    teller_desk.press(page + "remove", to=to)
    assert teller_desk.says("フォブを在庫から除きました", word)
    assert fob_state(services, fob) is FobState(to)
    if to == "lost":
        clock.advance(seconds=1)
        teller_desk.get(page)
        teller_desk.press(page + "back")
        assert fob_state(services, fob) is FobState.RETURNED


def test_a_fob_in_use_is_lost_by_ending_its_token(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, clock: MovableClock
) -> None:
    give_token(services, customer_a, clock(), fob=fob)
    teller_desk.get(f"/staff/stock/{fob.id}/")
    assert "として登録" not in teller_desk.text
    end = f"/staff/customers/{customer_a.id}/end"
    assert end in teller_desk.links
    teller_desk.get(end)
    teller_desk.press(end, reason="lost")
    assert fob_state(services, fob) is FobState.LOST


def test_a_fob_goes_nowhere_else(teller_desk: Colleague, services: Services, fob: Fob) -> None:
    page = f"/staff/stock/{fob.id}/"
    teller_desk.get(page)
    teller_desk.press(page + "remove", to="in_use")
    assert teller_desk.page.status_code == 422
    rows.move_fob_row(services, fob, FobState.RETIRED)
    teller_desk.get(page)
    assert "として登録" not in teller_desk.text


def test_an_administrator_enrols_and_revokes_a_station(
    at_desk: AtDesk, services: Services, clock: MovableClock
) -> None:
    desk = at_desk(role=StaffRole.ADMINISTRATOR)
    desk.get("/staff/stations/")
    desk.press("/staff/stations/", name="", branch="本店")
    assert desk.says("端末の名前を入力してください。")
    desk.press("/staff/stations/", name="駅前の端末", branch="大阪")
    assert desk.says("店を選んでください。")
    desk.press("/staff/stations/", name="駅前の端末", branch="駅前支店")
    page = desk.path
    assert desk.says("登録番号を発行しました", "登録待ち", "kagiya station enrol --server https://otp.example")
    code = desk.page.text.split('class="code-large">')[1].split("<")[0]
    assert desk.get(page).says(code)
    # another administrator sees the station, and never the code
    assert code not in at_desk(role=StaffRole.ADMINISTRATOR, name="管理 二郎").get(page).page.text
    keys = ("11" * 32, "22" * 32)
    enrol_station(services, EnrolStationCommand(code, *keys), clock())
    assert code not in desk.get(page).page.text
    clock.advance(seconds=1)
    desk.press(page + "revoke")
    assert desk.says("端末の登録を取り消しました")
    assert "駅前の端末" not in desk.get("/staff/stations/").text


def test_stations_come_and_go_with_their_devices(
    teller_desk: Colleague, station_desk: Desk, fob: Fob, clock: MovableClock
) -> None:
    teller_desk.get("/staff/stations/live")
    assert teller_desk.says("窓口1")
    station_desk.plug(fob)
    station_desk.poll()
    teller_desk.get("/staff/stations/live")
    assert teller_desk.says(fob.serial, "接続中", "在庫")
    station_desk.fobs.clear()
    station_desk.poll()
    teller_desk.get(f"/staff/stations/{station_desk.station_id}/live")
    assert teller_desk.says("機器は何も差し込まれていません")
    clock.advance(seconds=16)
    teller_desk.get("/staff/stations/")
    assert teller_desk.says("応答なし", "0/1")
