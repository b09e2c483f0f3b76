"""A box of fobs at the console: its range, its gaps, and taking it into stock."""

from __future__ import annotations

import pytest

from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.store.queries.fobs import fob_by_serial
from provisioning.store.tables import Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_fob
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague

pytestmark = sqlite_only

RANGES = "/staff/ranges/"
BOX = RANGES + "?profile=kagiya-fob&lowest=kf0000001&highest=KF0000005"


@pytest.fixture
def one_known(services: Services, fob: Fob) -> Fob:
    """KF0000001, of a kind that the server knows."""
    rows.change(services, Fob, fob.id, profile="kagiya-fob", numbering="kagiya-fob")
    return fob


def test_a_box_is_looked_at_and_taken(teller_desk: Colleague, services: Services, one_known: Fob) -> None:
    teller_desk.get("/staff/stock/")
    assert RANGES in teller_desk.links
    assert teller_desk.says("kagiya KF-1 1.0.0")
    teller_desk.get(BOX)
    assert teller_desk.says("KF0000002 – KF0000005", "在庫にない4個を受け入れる", "本店")
    teller_desk.press(RANGES + "take", counted="4", missing="KF0000004")
    assert teller_desk.says("数えた個数と、受け入れる番号の数が違います。")
    teller_desk.press(RANGES + "take", counted="3", missing="KF0000004")
    assert teller_desk.says("フォブを番号の範囲で在庫に受け入れました", "KF0000002 – KF0000005", "K-0")
    teller_desk.get(BOX)
    assert teller_desk.says("在庫にない1個を受け入れる")
    labels = "/staff/papers/labels?profile=kagiya-fob&lowest=KF0000001&highest=KF0000005"
    assert labels in teller_desk.links
    teller_desk.get(labels)
    assert teller_desk.says("4枚。", "KF0000005")
    assert "KF0000004" not in teller_desk.text
    fob = fob_by_serial(services.store, "dual", "KF0000005")
    teller_desk.get(f"/staff/stock/{fob.id}/")
    assert teller_desk.says("受け渡しの記録", "窓口 花子")


def test_no_kind_is_chosen_for_a_box_unless_the_branch_has_one_kind_alone(
    teller_desk: Colleague, services: Services, one_known: Fob
) -> None:
    """Else a box is taken in as the first kind of the alphabet, and nobody notices."""
    teller_desk.get(RANGES)
    assert 'value="kagiya-fob" selected' in teller_desk.page.text
    add_fob(services, "MT0000001", profile="molto2-v2")
    teller_desk.get(RANGES)
    assert '<option value="" selected>選んでください' in teller_desk.page.text


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("profile=&lowest=A1&highest=A2", "種類を選んでください。"),
        ("profile=kagiya-fob&lowest=&highest=A2", "はじめの番号を入力してください。"),
        ("profile=kagiya-fob&lowest=A1&highest=B2", "はじめの番号と、記号や桁数をそろえてください。"),
        ("profile=kagiya-fob&lowest=A0001&highest=A9999", "一度に扱えるのは1000個までです。"),
    ],
)
def test_what_is_no_range_is_told(teller_desk: Colleague, query: str, sentence: str) -> None:
    teller_desk.get(f"{RANGES}?{query}")
    assert teller_desk.says(sentence)


def test_an_auditor_looks_and_takes_nothing(at_desk: AtDesk, one_known: Fob) -> None:
    auditor = at_desk(role=StaffRole.AUDITOR, name="監査 三郎")
    assert auditor.get(BOX).says("KF0000002 – KF0000005")
    assert "受け入れる" not in auditor.text.replace("受け入れます", "")
