"""Labels and hand-over slips: what is printed, for whom, and bars that a reader can read."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_fob
from tests.fobs.desk import Desk
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.fob_steps import reserve, tick
from web.barcodes import barcode, bars


@pytest.fixture
def written(
    teller_desk: Colleague, customer_a: Customer, fob: Fob, station_desk: Desk, clock: MovableClock
) -> Fob:
    """The fob written for A, waiting to be handed over."""
    reserve(teller_desk, customer_a, fob)
    station_desk.plug(fob)
    tick(station_desk, clock)
    station_desk.work()
    return fob


@sqlite_only
def test_the_slip_says_what_the_customer_does(
    teller_desk: Colleague, services: Services, written: Fob, customer_a: Customer
) -> None:
    rows.change(services, Fob, written.id, expires_at=datetime(2029, 3, 31, 15, tzinfo=UTC))
    teller_desk.get(f"/staff/stock/{written.id}/")
    slip = f"/staff/papers/slips?fob={written.id}"
    assert slip in teller_desk.links
    teller_desk.get(slip)
    assert teller_desk.says(
        customer_a.name, customer_a.user_id, written.serial, "2026年12月20日", "2029年3月31日まで",
        "ご利用サービスの変更", "0120-000-001", "受領書（店の控え）",
    )  # fmt: skip
    assert 'class="barcode"' in teller_desk.page.text
    for language in ("ja", "en"):
        teller_desk.client.set_cookie("kagiya-language", language, domain="localhost")
        assert teller_desk.get(slip).page.status_code == 200


@sqlite_only
def test_the_slip_is_at_hand_before_and_after_the_hand_over(teller_desk: Colleague, written: Fob) -> None:
    """The receipt on it is signed while the customer sits there; there is one slip, whatever page leads to it."""
    slip = f"/staff/papers/slips?fob={written.id}"
    teller_desk.get(teller_desk.path)
    assert slip in teller_desk.links
    give = next(form.action for form in teller_desk.forms if form.action.endswith("/hand-over"))
    teller_desk.press(give)
    assert teller_desk.says("フォブをお渡ししました")
    assert slip in teller_desk.links
    assert teller_desk.get(slip).page.status_code == 200


@sqlite_only
def test_the_work_list_tells_whose_fob_lies_ready(
    teller_desk: Colleague, services: Services, written: Fob, customer_a: Customer
) -> None:
    teller_desk.get("/staff/")
    assert teller_desk.says(customer_a.name, "お渡し待ち")
    rows.move_fob_row(services, written, FobState.HANDED_OVER)
    teller_desk.get("/staff/")
    assert teller_desk.says(customer_a.name)
    assert "お渡し待ち" not in teller_desk.text


@sqlite_only
def test_a_label_for_one_fob_and_for_a_batch(
    teller_desk: Colleague, services: Services, customer_b: Customer, written: Fob, station_desk: Desk,
    clock: MovableClock,
) -> None:  # fmt: skip
    teller_desk.get(f"/staff/papers/labels?fob={written.id}")
    assert teller_desk.says(written.serial, "見本第一銀行 本店", "見本 0001")
    teller_desk.get("/staff/batches/")
    typed = {"station": station_desk.station_id, "at_once": "1", "user_ids": customer_b.user_id}
    teller_desk.press("/staff/batches/", **typed)
    batch = teller_desk.path
    station_desk.fobs.clear()
    station_desk.plug(add_fob(services, "KF0000002"))
    tick(station_desk, clock)
    station_desk.work()
    teller_desk.get(batch)
    teller_desk.press(batch + "next")
    for paper in ("labels", "slips"):
        address = f"/staff/papers/{paper}?batch={batch.split('/')[-2]}"
        assert address in teller_desk.get(batch).links
        assert teller_desk.get(address).says("KF0000002", customer_b.name)


@sqlite_only
def test_no_paper_for_what_is_not_there(at_desk: AtDesk, teller_desk: Colleague, fob: Fob) -> None:
    for path in (
        f"slips?fob={fob.id}",
        "labels?fob=nothing",
        "labels?batch=nothing",
        "labels",
        "labels?lowest=A&highest=B",
    ):
        assert teller_desk.get("/staff/papers/" + path).page.status_code == 404, path
    stranger = at_desk(branch="駅前支店", name="駅前 次郎")
    assert stranger.get(f"/staff/papers/labels?fob={fob.id}").page.status_code == 404


DIGITS, LETTERS, REST = "1234567890", "ABCDEFGHIJKLMNOPQRST", "UVWXYZ-. *"
BARS = ("10001", "01001", "11000", "00101", "10100", "01100", "00011", "10010", "01010", "00110")
SPACES = {DIGITS: "0100", LETTERS[:10]: "0010", LETTERS[10:]: "0001", REST: "1000"}


def read(widths: tuple[int, ...]) -> str:
    """A reader: the two-of-five code of the bars tells the column, the wide space the row."""
    text = ""
    for begin in range(0, len(widths), 10):
        wide = ["1" if width == 3 else "0" for width in widths[begin : begin + 9]]
        row = next(signs for signs, spaces in SPACES.items() if spaces == "".join(wide[1::2]))
        text += row[BARS.index("".join(wide[::2]))]
    return text


@pytest.mark.parametrize("serial", ["KF-0000123", "1234567890", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "A.B C"])
def test_a_reader_reads_the_bars(serial: str) -> None:
    widths = bars(serial)
    assert widths is not None
    assert read(widths) == f"*{serial}*"
    drawn = re.findall(r"M(\d+) 0h(\d)", str(barcode(serial)))
    assert [int(width) for _, width in drawn] == list(widths[::2])


def test_what_has_no_bars_is_not_drawn() -> None:
    for text in ("", "kf-1", "KF*1", "番号"):
        assert bars(text) is None
        assert barcode(text) == ""
