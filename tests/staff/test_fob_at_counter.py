"""A key fob at the counter, from BOT010 to the hand-over, with everything that gets in the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devices.contract import FailureCode, Problem
from provisioning.jobs.end_token import EndTokenCommand, end_token
from provisioning.rules.actor import Actor
from provisioning.rules.states import EndReason, FobState
from provisioning.services import Services
from provisioning.store.tables import Application, ApplicationState, Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_fob
from tests.fixtures.tokens import give_token
from tests.fobs.desk import Desk, PlainFob, open_desk
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.fob_steps import at, fob_state, leaves_what_is_typed, plug, reserve, tick


def test_from_the_port_to_the_customers_hand(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, station_desk: Desk,
    clock: MovableClock,
) -> None:  # fmt: skip
    plain = plug(station_desk, fob)
    teller_desk.get(f"/staff/customers/{customer_a.id}/issue/")
    assert teller_desk.says("在庫のフォブ: 1個", "書込み端末: 1/1 接続中")
    teller_desk.get(at(customer_a))
    assert teller_desk.says(fob.serial, "90%", "-4 秒", f"このフォブを使う : {fob.serial}")
    assert leaves_what_is_typed(teller_desk)
    teller_desk.press(at(customer_a), fob_id=fob.id)
    page = teller_desk.path
    assert page.startswith("/staff/programming/")
    assert teller_desk.says("フォブを見つけました", "KF0000001 を見つけました")
    tick(station_desk, clock)
    (job,) = station_desk.poll()
    teller_desk.get(page)
    assert teller_desk.says("書き込んでいます", "途中で抜いても大丈夫です", "0%")
    station_desk.report(job.job_id, station_desk.write(job))
    teller_desk.get(page)
    assert teller_desk.says("お客さまにお渡しください", "「こちらがお客さまのトークンです。背面の番号 KF0000001")
    assert plain.code(clock()) not in teller_desk.page.text
    tick(station_desk, clock)
    teller_desk.press(page + "hand-over")
    assert teller_desk.says("フォブをお渡ししました", "お客さまへ", "利用開始の期限", "2026年12月20日")
    assert fob_state(services, fob) is FobState.HANDED_OVER
    teller_desk.get(page)
    assert teller_desk.says("お渡ししました", "お客さまに「インターネットバンキングの")
    teller_desk.get(f"/staff/customers/{customer_a.id}/")
    assert teller_desk.says("お客さまに利用開始をしていただく", "発行", "書込み", "照合", "お渡し", "11/20 12:00")


@sqlite_only
def test_of_several_fobs_none_is_put_forward_and_each_button_has_its_number(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, station_desk: Desk
) -> None:
    plug(station_desk, fob)
    assert "button--main" in teller_desk.get(at(customer_a)).page.text
    plug(station_desk, add_fob(services, "KF0000002"))
    assert "button--main" not in teller_desk.get(at(customer_a)).page.text
    assert teller_desk.says("使えるフォブが2個あります", f"{fob.serial} を使う", "KF0000002 を使う")


def test_an_application_is_fulfilled_by_its_fob(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, station_desk: Desk,
    clock: MovableClock,
) -> None:  # fmt: skip
    rows.add_application(services, customer_a, "261120-000001", clock())
    plug(station_desk, fob)
    teller_desk.get(at(customer_a))
    teller_desk.press(at(customer_a), serial="　ｋｆ0000001 ")
    assert teller_desk.path.startswith("/staff/programming/")
    station_desk.work()
    with services.store.read() as session:
        assert session.query(Application).one().state is ApplicationState.FULFILLED


def test_of_two_tellers_with_one_fob_one_wins(
    at_desk: AtDesk, services: Services, customer_a: Customer, customer_b: Customer, fob: Fob,
    clock: MovableClock,
) -> None:  # fmt: skip
    first, second = at_desk(name="窓口 一郎"), at_desk(name="窓口 二郎")
    first.get(at(customer_a))
    second.get(at(customer_b))
    first.press(at(customer_a), serial=fob.serial)
    assert first.path.startswith("/staff/programming/")
    clock.advance(seconds=1)
    second.press(at(customer_b), serial=fob.serial)
    assert second.path == at(customer_b)
    assert second.says("このフォブは、ほかの担当者が先に使いました")


def test_of_two_tellers_for_one_customer_one_wins(
    at_desk: AtDesk, services: Services, customer_a: Customer, fob: Fob, clock: MovableClock
) -> None:
    other_fob = add_fob(services, "KF0000002")
    first, second = at_desk(name="窓口 一郎"), at_desk(name="窓口 二郎")
    for desk in (first, second):
        desk.get(at(customer_a))
    first.press(at(customer_a), serial=fob.serial)
    clock.advance(seconds=1)
    second.press(at(customer_a), serial=other_fob.serial)
    assert second.path == f"/staff/customers/{customer_a.id}/"
    assert second.says("ほかの担当者が先に手続きしました", fob.serial)
    assert fob_state(services, other_fob) is FobState.IN_STOCK


@pytest.mark.parametrize(
    ("serial", "sentence"),
    [("", "フォブを選ぶか、シリアル番号を入力してください。"), ("KF9999999", "この店の在庫にありません")],
)
@sqlite_only
def test_a_serial_that_is_none(teller_desk: Colleague, customer_a: Customer, serial: str, sentence: str) -> None:
    teller_desk.get(at(customer_a))
    teller_desk.press(at(customer_a), serial=serial)
    assert (teller_desk.path, teller_desk.says(sentence)) == (at(customer_a), True)
    assert teller_desk.form(at(customer_a))["serial"] == serial


def test_the_customers_own_old_fob_is_offered_to_them_first_and_to_nobody_else(
    teller_desk: Colleague, services: Services, customer_a: Customer, customer_b: Customer, fob: Fob,
    station_desk: Desk, clock: MovableClock, teller_actor: Actor,
) -> None:  # fmt: skip
    token = give_token(services, customer_a, clock() - timedelta(days=9), fob=fob)
    ending = EndTokenCommand("dual", token.credential_id, EndReason.CUSTOMERS_WISH, teller_actor)
    end_token(services, ending, clock() - timedelta(days=1))
    plug(station_desk, fob)
    plug(station_desk, add_fob(services, "KF0000000"))
    teller_desk.get(at(customer_b))
    assert teller_desk.says("ほかの手続きで使われています。")
    teller_desk.get(at(customer_a))
    assert teller_desk.says("お客さまの前のトークンのフォブです。")
    assert teller_desk.form(at(customer_a))["fob_id"] == fob.id
    teller_desk.press(at(customer_a), fob_id=fob.id)
    station_desk.work()
    teller_desk.get(teller_desk.path)
    assert teller_desk.says("お客さまにお渡しください")
    assert fob_state(services, fob) is FobState.PROGRAMMED


@sqlite_only
def test_a_fob_that_must_be_erased_is_refused(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob
) -> None:
    rows.move_fob_row(services, fob, FobState.RETURNED)
    teller_desk.get(at(customer_a))
    teller_desk.press(at(customer_a), serial=fob.serial)
    assert (teller_desk.path, teller_desk.says("いまの状態では、この操作はできません")) == (at(customer_a), True)


@sqlite_only
def test_when_nothing_is_seen_the_page_says_what_and_the_mend(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, clock: MovableClock
) -> None:
    page = reserve(teller_desk, customer_a, fob)
    assert teller_desk.says("端末がつながっていません", "この店には、登録された書込み端末がありません")
    station_desk = open_desk(services, clock())
    station_desk.poll()
    teller_desk.get(page)
    assert teller_desk.says("フォブを端末に差し込んでください", "機器は何も差し込まれていません", fob.serial)
    other = PlainFob("KF7777777", fob.profile)
    station_desk.fobs.append(other)
    station_desk.poll()
    teller_desk.get(page + "live")
    assert teller_desk.says("別の機器", "KF7777777")
    other.problem = Problem(FailureCode.PERMISSION, {"path": "/dev/hidraw3", "rule": "60-kagiya.rules"})
    station_desk.poll()
    teller_desk.get(page)
    assert teller_desk.says("端末にこのフォブを開く権限がありません。", "kagiya doctor")
    clock.advance(seconds=30)
    teller_desk.get(page)
    assert teller_desk.says("端末がつながっていません", "応答なし", "から応答がありません")


@pytest.mark.parametrize(
    ("code", "facts", "sentences"),
    [
        (
            FailureCode.BUSY,
            {"path": "/dev/hidraw3", "holder": "otherd"},
            ("ほかのプログラムが", "otherd", "/dev/hidraw3"),
        ),
        (FailureCode.LOW_BATTERY, {"percent": "7", "minimum_percent": "20"}, ("電池が足りません", "7", "20")),
        (FailureCode.NOT_GENUINE, {"reason": "untrusted_root"}, ("正規のフォブと確認できません", "役席者")),
        (FailureCode.UNSUPPORTED_FIRMWARE, {"firmware": "9.9"}, ("ファームウェアには対応していません", "9.9")),
    ],
)
@sqlite_only
def test_a_fob_that_cannot_be_used_says_why(
    teller_desk: Colleague, customer_a: Customer, fob: Fob, station_desk: Desk,
    code: FailureCode, facts: dict[str, str], sentences: tuple[str, ...],
) -> None:  # fmt: skip
    plain = station_desk.plug(fob)
    plain.problem = Problem(code, facts)
    station_desk.poll()
    reserve(teller_desk, customer_a, fob)
    assert teller_desk.says("フォブは見えていますが、まだ使えません", *sentences)
    teller_desk.get("/staff/stations/")
    assert teller_desk.says(*sentences)


@sqlite_only
def test_the_double_of_a_fob_must_go(
    teller_desk: Colleague, customer_a: Customer, fob: Fob, station_desk: Desk
) -> None:
    station_desk.plug(fob)
    station_desk.plug(fob)
    station_desk.poll()
    reserve(teller_desk, customer_a, fob)
    assert teller_desk.says("フォブが2つ見えています")


@sqlite_only
def test_unplugged_between_reserve_and_write_is_no_harm(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, station_desk: Desk,
    clock: MovableClock,
) -> None:  # fmt: skip
    plug(station_desk, fob)
    page = reserve(teller_desk, customer_a, fob)
    station_desk.fobs.clear()
    tick(station_desk, clock)
    assert station_desk.poll() == ()
    teller_desk.get(page)
    assert teller_desk.says("フォブを端末に差し込んでください")
    station_desk.plug(fob)
    tick(station_desk, clock)
    station_desk.work()
    teller_desk.get(page)
    assert teller_desk.says("お客さまにお渡しください")


@sqlite_only
def test_a_failed_write_starts_over_by_itself_and_ends_with_the_teller(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, station_desk: Desk,
    clock: MovableClock,
) -> None:  # fmt: skip
    plug(station_desk, fob)
    page = reserve(teller_desk, customer_a, fob)
    for _ in range(2):
        tick(station_desk, clock)
        (job,) = station_desk.poll()
        station_desk.fail(job.job_id, FailureCode.LINK_LOST)
        assert teller_desk.get(page).path != page
        assert teller_desk.says("新しい種でやり直しています", "書き込みの途中でフォブが抜けました。")
        page = teller_desk.path
    tick(station_desk, clock)
    (job,) = station_desk.poll()
    station_desk.fail(job.job_id, FailureCode.TIMEOUT)
    teller_desk.get(page)
    assert teller_desk.says(
        "この書き込みは終わりました", "フォブを選び直す", "フォブの応答が途切れました。", "3回目"
    )
    assert fob_state(services, fob) is FobState.RETURNED


@sqlite_only
def test_a_writing_is_cancelled_once(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, clock: MovableClock
) -> None:
    page = reserve(teller_desk, customer_a, fob)
    fields = teller_desk.form(page + "cancel")
    clock.advance(seconds=1)
    teller_desk.press(page + "cancel")
    assert teller_desk.says("書込みを取りやめました", "まだ発行されていません")
    assert fob_state(services, fob) is FobState.IN_STOCK
    clock.advance(seconds=1)
    teller_desk.post(page + "cancel", fields)
    assert teller_desk.says("いまの状態では、この操作はできません")
