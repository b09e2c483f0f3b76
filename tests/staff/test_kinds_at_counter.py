"""What a kind of fob can hold is said before it is written: on BOT010, at the choice of a fob, on its page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from flask import Flask

from devices.contract import Progress, Wait
from devices.notices import Notice
from devices.profiles import FirmwareProfile
from provisioning.jobs.record_progress import RecordProgressCommand, record_progress
from provisioning.rules.roles import ALL_ROLES
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_fob
from tests.fobs.desk import Desk, PlainFob
from tests.fobs.kinds import COUNTS_BY_16, KAGIYA, NAME, NEEDS_COMPANION, SIX_THIRTY, UNNAMED, with_kind
from tests.portal.conftest import MovableClock
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.fob_steps import at, fob_state, leaves_what_is_typed, plug, reserve, tick
from tests.staff.test_batches import begin
from web.app import create_app
from web.pages.staff import fob_words

CANNOT = "この機器には、8桁・60秒のトークンを入れられません。"


@pytest.fixture
def profile(request: pytest.FixtureRequest) -> FirmwareProfile:
    """The kind that every fob of the test is of; set by `@of_kind`."""
    found: FirmwareProfile = getattr(request, "param", KAGIYA)
    return found


def of_kind(profile: FirmwareProfile) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("profile", [profile], ids=[""], indirect=True)


@pytest.fixture
def services(services: Services, profile: FirmwareProfile) -> Services:
    return with_kind(services, profile)


@pytest.fixture
def app(services: Services, clock: MovableClock) -> Flask:
    return create_app(services, ALL_ROLES, clock)


def test_every_notice_has_words() -> None:
    assert set(fob_words.NOTICES) == {notice.value for notice in Notice}


@sqlite_only
@of_kind(SIX_THIRTY)
def test_a_fob_that_cannot_hold_it_is_refused_with_the_reason(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, station_desk: Desk
) -> None:
    plug(station_desk, fob)
    teller_desk.get(f"/staff/customers/{customer_a.id}/issue/")
    assert teller_desk.says(f"Kagiya Fob: {CANNOT}")
    teller_desk.get(at(customer_a))
    assert teller_desk.says(CANNOT, "桁数", "必要: 8 ／ この機器: 6", "別の種類のフォブを使ってください。")
    assert not teller_desk.says("このフォブを使う")
    teller_desk.get(at(customer_a) + "live")
    assert teller_desk.says(CANNOT)
    teller_desk.get(at(customer_a))
    teller_desk.press(at(customer_a), serial=fob.serial)
    assert (teller_desk.path, teller_desk.says(CANNOT)) == (at(customer_a), True)
    assert fob_state(services, fob) is FobState.IN_STOCK


@sqlite_only
@of_kind(SIX_THIRTY)
def test_in_the_drawer_too_and_in_english(teller_desk: Colleague, customer_a: Customer, fob: Fob) -> None:
    teller_desk.get(at(customer_a))
    assert teller_desk.says(fob.serial, CANNOT)
    teller_desk.client.set_cookie("kagiya-language", "en", domain="localhost")
    teller_desk.get(at(customer_a))
    assert teller_desk.says("This device cannot hold an 8-digit 60-second token.")


@sqlite_only
@of_kind(NEEDS_COMPANION)
def test_what_the_customer_needs_is_said_before_anything_is_written(
    teller_desk: Colleague, customer_a: Customer, fob: Fob, station_desk: Desk
) -> None:
    plug(station_desk, fob)
    told = ("差し込まれている間しか動きません", "メーカーのアプリが必要です")
    for page in (f"/staff/customers/{customer_a.id}/issue/", at(customer_a)):
        teller_desk.get(page)
        assert teller_desk.says(*told), page
    teller_desk.press(at(customer_a), fob_id=fob.id)
    page = teller_desk.path
    assert page.startswith("/staff/programming/")
    assert teller_desk.says(*told)
    station_desk.work()
    teller_desk.get(page)
    assert teller_desk.says("お渡ししました", *told)


@sqlite_only
@of_kind(COUNTS_BY_16)
def test_how_the_proof_is_typed_stands_beside_its_field(
    teller_desk: Colleague, customer_a: Customer, fob: Fob, station_desk: Desk
) -> None:
    plug(station_desk, fob).tells_code = False
    page = reserve(teller_desk, customer_a, fob)
    station_desk.work()
    teller_desk.get(page)
    assert teller_desk.says("番号の欄を選んでからフォブに触れ")
    (plain,) = station_desk.fobs
    teller_desk.press(page + "code", code=plain.code(station_desk.now))
    assert teller_desk.says("お客さまにお渡しください")


@pytest.mark.parametrize(
    ("wait", "title"),
    [
        (Wait.TOUCH, "いま、フォブに触れてください"),
        (Wait.BUTTON, "いま、フォブのボタンを押してください"),
        (Wait.PIN, "いま、フォブに暗証番号を入力してください"),
    ],
)
@sqlite_only
def test_the_page_says_when_the_fob_waits_for_a_hand_and_when_no_more(
    teller_desk: Colleague,
    services: Services,
    customer_a: Customer,
    fob: Fob,
    station_desk: Desk,
    clock: MovableClock,
    wait: Wait,
    title: str,
) -> None:
    plug(station_desk, fob)
    page = reserve(teller_desk, customer_a, fob)
    tick(station_desk, clock)
    (job,) = station_desk.poll()

    def tell(progress: Progress, now: datetime) -> None:
        record_progress(services, RecordProgressCommand(station_desk.station_id, job.job_id, progress), now)

    tell(Progress(3, 10, wait), clock())
    for address in (page, page + "live"):
        teller_desk.get(address)
        assert teller_desk.says(title, "30%"), address
    # without JavaScript the page itself is loaded again every other second
    assert 'http-equiv="refresh"' in teller_desk.get(page).page.text
    tell(Progress(4, 10), clock())
    teller_desk.get(page + "live")
    assert teller_desk.says("書き込んでいます", "40%")
    assert not teller_desk.says(title)


@pytest.fixture
def nameless(station_desk: Desk) -> PlainFob:
    """A fob at the station that tells no number, not in stock yet."""
    plain = PlainFob("KF0000001", NAME, named=False)
    station_desk.fobs.append(plain)
    station_desk.poll()
    return plain


@sqlite_only
@of_kind(UNNAMED)
def test_a_fob_without_a_number_is_taken_and_written_under_its_label(
    teller_desk: Colleague, services: Services, customer_a: Customer, station_desk: Desk, nameless: PlainFob
) -> None:
    station = f"/staff/stations/{station_desk.station_id}/"
    teller_desk.get(station)
    teller_desk.press(station + "take", serial="kf 1")
    assert teller_desk.says("背面の番号を確かめてください")
    teller_desk.press(station + "take", serial="ｋｆ0000001")
    teller_desk.get(at(customer_a))
    assert teller_desk.says("番号なし", "このフォブは番号を名乗りません。", "背面の番号")
    form = {"station_id": station_desk.station_id, "profile": NAME, "serial": "KF0000001"}
    teller_desk.press(at(customer_a), **form)
    assert teller_desk.path.startswith("/staff/programming/")
    page = teller_desk.path
    station_desk.work()
    assert nameless.seed is not None
    teller_desk.get(page)
    assert teller_desk.says("お客さまにお渡しください", "KF0000001")


@sqlite_only
@of_kind(UNNAMED)
def test_a_label_that_is_not_in_stock_or_not_plugged_in_is_refused(
    at_desk: AtDesk, services: Services, customer_a: Customer, station_desk: Desk, fob: Fob
) -> None:
    desk = at_desk()
    desk.get(at(customer_a))
    desk.press(at(customer_a), serial=fob.serial)
    assert (desk.path, desk.says("端末はこのフォブを見つけられませんでした。")) == (at(customer_a), True)
    station_desk.fobs.append(PlainFob(fob.serial, NAME, named=False))
    station_desk.poll()
    desk.get(at(customer_a))
    desk.press(at(customer_a), serial="KF7777777")
    assert desk.says("この店の在庫にありません")
    station_desk.fobs.append(PlainFob("KF0000002", NAME, named=False))
    station_desk.poll()
    desk.get(at(customer_a))
    desk.press(at(customer_a), serial=fob.serial)
    assert desk.says("番号を名乗らない同じ種類のフォブが、2つ以上つながっています。")
    assert fob_state(services, fob) is FobState.IN_STOCK


@sqlite_only
@of_kind(UNNAMED)
def test_of_two_fobs_without_a_number_one_waits(
    at_desk: AtDesk,
    services: Services,
    customer_a: Customer,
    customer_b: Customer,
    station_desk: Desk,
    nameless: PlainFob,
    fob: Fob,
) -> None:
    other = add_fob(services, "KF0000002")
    desk = at_desk()
    for customer, taken in ((customer_a, fob), (customer_b, other)):
        desk.get(at(customer))
        desk.press(at(customer), serial=taken.serial)
    assert desk.path == at(customer_b)
    assert desk.says("番号を名乗らないフォブの手続きが、もう1つ途中です")
    assert replace(nameless).seed is None


@sqlite_only
@of_kind(UNNAMED)
def test_fobs_that_tell_no_number_are_taken_by_their_labels(
    teller_desk: Colleague, services: Services, customer_a: Customer, customer_b: Customer, fob: Fob,
    station_desk: Desk, clock: MovableClock,
) -> None:  # fmt: skip
    page = begin(teller_desk, station_desk, customer_a.user_id, customer_b.user_id)
    assert "背面の番号" not in teller_desk.text
    second = add_fob(services, "KF0000002")
    for number, (customer, one) in enumerate(((customer_a, fob), (customer_b, second)), 1):
        station_desk.plug(one).named = False
        tick(station_desk, clock)
        station_desk.poll()
        teller_desk.get(page)
        assert teller_desk.says("背面の番号を入力してください", "背面の番号を読み取るか、入力します")
        assert leaves_what_is_typed(teller_desk)
        teller_desk.press(page + "label", serial="KF9999999")
        assert teller_desk.says("この店の在庫にありません")
        teller_desk.press(page + "label", serial=f"ｋｆ{one.serial[2:]}")
        station_desk.work()
        teller_desk.get(page)
        assert teller_desk.says("できました", customer.name, one.serial)
        teller_desk.press(page + "next")
        assert teller_desk.says("書き終わったフォブが、まだ差し込まれているようです。", "できました")
        station_desk.fobs.clear()
        tick(station_desk, clock)
        station_desk.poll()
        teller_desk.press(page + "next")
        assert teller_desk.says(f"{number} / 2")
    assert teller_desk.says("終わりました", "済み")
