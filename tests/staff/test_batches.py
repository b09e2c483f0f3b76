"""A row of fobs at the desk, by the console's pages."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from devices.contract import FailureCode, Progress
from provisioning.jobs.record_progress import RecordProgressCommand, record_progress
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.tables import Batch, Customer, Fob, Staff, StaffFallback
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_fob
from tests.fobs.desk import Desk, PlainFob
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.fob_steps import plug, tick

pytestmark = sqlite_only

BATCHES = "/staff/batches/"


@pytest.fixture
def waiting(services: Services, customer_a: Customer, customer_b: Customer, clock: MovableClock) -> list[Customer]:
    """A applied in the portal; B did not."""
    rows.add_application(services, customer_a, "261120-000001", clock())
    return [customer_a, customer_b]


def begin(desk: Colleague, at: Desk, *user_ids: str, **more: str) -> str:
    """Begin with those who applied, and these."""
    desk.get(BATCHES)
    typed = {"station": at.station_id, "at_once": "1", "user_ids": "\n".join(user_ids)} | more
    desk.press(BATCHES, **typed)
    return desk.path


def test_two_customers_two_keys(
    teller_desk: Colleague, services: Services, waiting: list[Customer], fob: Fob, station_desk: Desk,
    clock: MovableClock,
) -> None:  # fmt: skip
    page = begin(teller_desk, station_desk, waiting[1].user_id)
    assert teller_desk.says("次のフォブを差し込んでください", waiting[0].name, waiting[1].name, "0 / 2")
    second = add_fob(services, "KF0000002")
    for number, (customer, one) in enumerate(zip(waiting, (fob, second), strict=True), 1):
        station_desk.plug(one)
        tick(station_desk, clock)
        station_desk.work()
        station_desk.fobs.clear()
        teller_desk.get(page)
        assert teller_desk.says("できました", customer.name, one.serial)
        assert 'data-signal="good"' in teller_desk.page.text
        teller_desk.press(page + "next")
        assert teller_desk.says(f"{number} / 2")
    assert teller_desk.says("終わりました", "済み")
    teller_desk.get(BATCHES)
    assert teller_desk.says("2 / 2", "終わり")


def test_a_fob_that_fails_and_a_customer_left_out(
    teller_desk: Colleague, waiting: list[Customer], fob: Fob, station_desk: Desk, clock: MovableClock
) -> None:
    page = begin(teller_desk, station_desk)
    plug(station_desk, fob)
    for _ in range(3):
        tick(station_desk, clock)
        for job in station_desk.running or [job.job_id for job in station_desk.poll()]:
            station_desk.fail(job, FailureCode.LINK_LOST)
    teller_desk.get(page)
    assert teller_desk.says("書き込めませんでした", "書き込みの途中でフォブが抜けました。", "別のフォブで続ける")
    teller_desk.press(page + "next")
    assert teller_desk.says("次のフォブを差し込んでください", "返却（消去待ち）")
    teller_desk.press(page + "skip", position="1")
    assert teller_desk.says("終わりました", "窓口で除きました")


def test_a_returned_fob_is_erased_and_written_in_one_go(
    teller_desk: Colleague, services: Services, waiting: list[Customer], fob: Fob, station_desk: Desk,
    clock: MovableClock,
) -> None:  # fmt: skip
    rows.move_fob_row(services, fob, FobState.RETURNED)
    page = begin(teller_desk, station_desk)
    plug(station_desk, fob)
    teller_desk.get(page)
    assert teller_desk.says("消去して使う", "返却されたフォブです。")
    teller_desk.press(page + "erase")
    assert teller_desk.says("消去しています。終わると、このフォブに書き込みます。")
    for _ in range(2):
        tick(station_desk, clock)
        station_desk.work()
    teller_desk.get(page)
    assert teller_desk.says("できました", fob.serial)


def test_it_says_why_a_fob_is_not_taken(
    teller_desk: Colleague, waiting: list[Customer], station_desk: Desk, clock: MovableClock
) -> None:
    page = begin(teller_desk, station_desk)
    station_desk.fobs.append(PlainFob("KF7777777"))
    station_desk.poll()
    teller_desk.get(page + "live")
    assert teller_desk.says("このフォブは、いまは使えません", "KF7777777", "在庫にありません。")
    clock.advance(seconds=30)
    teller_desk.get(page)
    assert teller_desk.says("端末がつながっていません")
    clock.advance(minutes=11)
    teller_desk.get(page)
    assert teller_desk.says("休んでいます", "再開する")
    teller_desk.press(page + "close")
    assert teller_desk.says("終わりました", "途中で終えました", "書き込んでいないお客さまがいます: 1人")
    assert "すべて終わりました" not in teller_desk.text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"user_ids": "123456780001 999"}, "この店のお客さまでないユーザIDがあります。"),
        ({"station": "nowhere"}, "端末を選んでください。"),
        ({"at_once": "3"}, "同時に書き込む数を選んでください。"),
    ],
)
def test_what_is_typed_wrongly_is_told_and_kept(
    teller_desk: Colleague, waiting: list[Customer], station_desk: Desk, typed: dict[str, str], sentence: str
) -> None:
    assert begin(teller_desk, station_desk, **typed) == BATCHES
    assert teller_desk.says(sentence)


def test_who_was_left_out_stays_left_out_after_a_mistake(
    teller_desk: Colleague, waiting: list[Customer], station_desk: Desk
) -> None:
    """Else their fob is written after all, and nobody notices."""
    box = f"customer-{waiting[0].id}"
    teller_desk.get(BATCHES)
    assert f'name="{box}" value="1" checked' in teller_desk.page.text
    typed = teller_desk.form(BATCHES) | {"station": station_desk.station_id, "at_once": "1", "user_ids": "999"}
    teller_desk.post(BATCHES, {name: value for name, value in typed.items() if name != box})
    assert f'name="{box}" value="1">' in teller_desk.page.text
    teller_desk.press(BATCHES, station=station_desk.station_id, at_once="1", user_ids="999")
    assert f'name="{box}" value="1" checked' in teller_desk.page.text


def test_a_batch_of_nobody_leads_to_the_list(
    teller_desk: Colleague, waiting: list[Customer], station_desk: Desk
) -> None:
    typed = teller_desk.get(BATCHES).form(BATCHES) | {"station": station_desk.station_id, "at_once": "1"}
    teller_desk.post(BATCHES, {name: value for name, value in typed.items() if not name.startswith("customer-")})
    assert teller_desk.says("お客さまを1人以上選んでください。")
    assert all(part in teller_desk.page.text for part in ('href="#field-customers"', 'id="field-customers"'))


def test_a_customer_who_is_none_of_this_branch_is_named(
    teller_desk: Colleague, waiting: list[Customer], station_desk: Desk
) -> None:
    """Among forty lines nobody finds the wrong one."""
    begin(teller_desk, station_desk, user_ids=f"{waiting[0].user_id} 999\n12345678000x")
    assert teller_desk.says("この店にないユーザID: 999、12345678000X")


def test_nobody_is_on_their_own_list(
    teller_desk: Colleague, services: Services, waiting: list[Customer], station_desk: Desk
) -> None:
    """A colleague issues the token that somebody signs in with (R53, R56)."""
    with services.store.write() as tx:
        me = tx.scalars(select(Staff.id).where(Staff.name == "窓口 花子")).one()
        tx.add(StaffFallback(staff_id=me, number="10000001", holder_id=waiting[1].id))
    assert begin(teller_desk, station_desk, waiting[1].user_id) == BATCHES
    assert teller_desk.says("この店のお客さまでないユーザIDがあります。")
    assert begin(teller_desk, station_desk, **{f"customer-{waiting[1].id}": "on"}) == BATCHES
    assert not teller_desk.says("次のフォブを差し込んでください")
    with services.store.read() as tx:
        assert tx.scalars(select(Batch)).all() == []


def test_nobody_chosen_and_a_station_that_is_busy(
    teller_desk: Colleague, customer_a: Customer, customer_b: Customer, station_desk: Desk
) -> None:
    assert begin(teller_desk, station_desk) == BATCHES
    assert teller_desk.says("お客さまを1人以上選んでください。")
    begin(teller_desk, station_desk, customer_a.user_id)
    assert begin(teller_desk, station_desk, customer_b.user_id) == BATCHES
    assert teller_desk.says("この端末では、まとめて書込みが進行中です")


def test_a_batch_of_another_branch_is_not_found(
    at_desk: AtDesk, teller_desk: Colleague, waiting: list[Customer], station_desk: Desk
) -> None:
    page = begin(teller_desk, station_desk)
    stranger = at_desk(branch="駅前支店", name="駅前 次郎")
    for path in (page, page + "live"):
        assert stranger.get(path).page.status_code == 404
    assert at_desk(role=StaffRole.AUDITOR, name="監査 三郎").get(page).page.status_code == 403


def test_it_says_that_a_fob_is_another_branchs_or_has_expired(
    teller_desk: Colleague, services: Services, waiting: list[Customer], fob: Fob, station_desk: Desk,
    clock: MovableClock,
) -> None:  # fmt: skip
    page = begin(teller_desk, station_desk)
    for changed, sentence in (
        ({"branch": "駅前支店"}, "帳簿では駅前支店のフォブです。"),
        ({"branch": "本店", "expires_at": clock()}, "使用期限を過ぎたため、もう発行には使えません。"),
    ):
        rows.change(services, Fob, fob.id, **changed)
        station_desk.fobs.clear()
        plug(station_desk, fob)
        tick(station_desk, clock)
        assert station_desk.running == []
        assert teller_desk.get(page).says(
            "次のフォブを差し込んでください", "このフォブは、いまは使えません", sentence
        )
        hard = teller_desk.get(f"/staff/customers/{waiting[1].id}/hard/")
        assert hard.says(fob.serial, sentence)
        assert "このフォブを使う" not in hard.text


def test_the_page_shows_how_far_the_writing_is_and_what_the_fob_tells(
    teller_desk: Colleague, waiting: list[Customer], fob: Fob, station_desk: Desk, services: Services,
    clock: MovableClock,
) -> None:  # fmt: skip
    page = begin(teller_desk, station_desk, waiting[1].user_id)
    station_desk.plug(fob)
    tick(station_desk, clock)
    (job,) = station_desk.poll()
    tell = RecordProgressCommand(station_desk.station_id, job.job_id, Progress(64, 100))
    record_progress(services, tell, clock())
    for path in (page, page + "live"):
        teller_desk.get(path)
        assert teller_desk.says("64%", "0 / 2", fob.serial, "Kagiya Fob", "1.0.0", "90%", "-4 秒")
        assert '<progress class="meter" max="100" value="64"' in teller_desk.page.text
