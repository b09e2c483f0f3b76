"""A fob at the counter that tells no code: the teller types what it shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.contract import JobResult
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.typed import in_groups
from tests.fobs.desk import Desk, PlainFob
from tests.portal.conftest import MovableClock
from tests.staff.conftest import Colleague
from tests.staff.fob_steps import leaves_what_is_typed, reserve, tick


@pytest.fixture
def unread(station_desk: Desk, fob: Fob) -> PlainFob:
    """A fob plugged in that will not tell its code."""
    return station_desk.plug(fob)


def write_unread(desk: Desk) -> None:
    """Write whatever is queued; no code is read back."""
    for job in desk.poll():
        receipt = desk.write(job).receipt
        assert receipt is not None
        desk.report(job.job_id, JobResult(receipt=replace(receipt, code="")))


@sqlite_only
def test_a_fob_that_tells_no_code_is_proved_by_what_it_shows(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, unread: PlainFob,
    station_desk: Desk, clock: MovableClock,
) -> None:  # fmt: skip
    page = reserve(teller_desk, customer_a, fob)
    write_unread(station_desk)
    teller_desk.get(page)
    assert teller_desk.says("フォブの番号を入力してください", "照合する")
    assert leaves_what_is_typed(teller_desk)
    right = unread.code(clock())
    wrong = f"{(int(right) + 1) % 10**8:08d}"
    for typed, sentence in (
        ("", "フォブに表示されている番号を入力してください。"),
        ("1234567a", "間違いの回数には数えていません"),
        (right[:7], "表示されている桁数のとおりに"),
        (wrong, "あと4回まで試せます"),
    ):
        teller_desk.press(page + "code", code=typed)
        assert (teller_desk.path, teller_desk.says(sentence)) == (page, True), sentence
        assert not typed or typed not in teller_desk.page.text
    teller_desk.press(page + "code", code=in_groups(right))
    assert teller_desk.says("お客さまにお渡しください")
    assert "入力内容をご確認ください" not in teller_desk.text
    with services.store.read() as session:
        assert session.query(Credential).one().state is CredentialState.SET_UP


@sqlite_only
def test_too_many_wrong_codes_start_over_with_a_new_seed(
    teller_desk: Colleague, customer_a: Customer, fob: Fob, unread: PlainFob, station_desk: Desk,
    clock: MovableClock,
) -> None:  # fmt: skip
    page = reserve(teller_desk, customer_a, fob)
    write_unread(station_desk)
    teller_desk.get(page)
    wrong = f"{(int(unread.code(clock())) + 1) % 10**8:08d}"
    for _ in range(5):
        tick(station_desk, clock)
        teller_desk.press(page + "code", code=wrong)
    assert teller_desk.path != page
    assert teller_desk.says("番号が続けて一致しなかったため、書込みをやり直します")
