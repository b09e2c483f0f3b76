"""An institution that offers one kind of token: the teller comes to its first page without BOT010."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.institution import Institution
from provisioning.rules.states import TokenKind
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from tests.staff.conftest import Colleague

pytestmark = sqlite_only


@pytest.fixture
def institutions(request: pytest.FixtureRequest) -> Mapping[str, Institution]:
    """It offers the kind that the test names."""
    return {DUAL.id: replace(DUAL, kinds=(request.param,))}


@pytest.mark.parametrize("institutions", [TokenKind.SOFT], indirect=True)
def test_soft_tokens_alone(teller_desk: Colleague, customer_a: Customer) -> None:
    home = f"/staff/customers/{customer_a.id}/"
    assert teller_desk.get(home).says("スマートフォンと、そこで受け取れるメールアドレスをご用意ください")
    assert not teller_desk.says("キーホルダー型")
    teller_desk.get(f"{home}issue/")
    assert teller_desk.path == f"{home}soft/"
    assert home in teller_desk.links
    assert f"{home}issue/" not in teller_desk.links


@pytest.mark.parametrize("institutions", [TokenKind.SOFT], indirect=True)
def test_without_fobs_no_empty_stock_alarms_anybody(teller_desk: Colleague) -> None:
    about_fobs = {"/staff/stock/", "/staff/stations/", "/staff/programming/"}
    assert not about_fobs & set(teller_desk.get("/staff/").links)
    assert not teller_desk.says("残り少")
    assert not teller_desk.says("フォブ")


@pytest.mark.usefixtures("fob")
@pytest.mark.parametrize("institutions", [TokenKind.SOFT], indirect=True)
def test_fobs_that_are_left_are_still_looked_after(teller_desk: Colleague) -> None:
    assert "/staff/stock/" in teller_desk.get("/staff/").links


@pytest.mark.parametrize("institutions", [TokenKind.HARD], indirect=True)
def test_key_fobs_alone_with_an_empty_drawer_say_so(teller_desk: Colleague, customer_a: Customer) -> None:
    home = f"/staff/customers/{customer_a.id}/"
    teller_desk.get(f"{home}issue/")
    assert teller_desk.path == f"{home}issue/"
    assert teller_desk.says("在庫のフォブがありません")


@pytest.mark.usefixtures("fob")
@pytest.mark.parametrize("institutions", [TokenKind.HARD], indirect=True)
def test_key_fobs_alone(teller_desk: Colleague, customer_a: Customer) -> None:
    home = f"/staff/customers/{customer_a.id}/"
    assert teller_desk.get(home).says("キーホルダー型トークンをご用意します")
    assert not teller_desk.says("どちらになさいますか")
    teller_desk.get(f"{home}issue/")
    assert teller_desk.path == f"{home}hard/"
    assert f"{home}issue/" not in teller_desk.links
