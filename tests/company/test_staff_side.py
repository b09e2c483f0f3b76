"""What staff see of companies: company and role, whether the company could lift itself, who did it, the search."""

from __future__ import annotations

from datetime import datetime

import pytest

from provisioning.rules.company import CompanyAct
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.queries.search import FoundBy, SearchScope, search_customers
from provisioning.store.tables import Customer
from tests.company.conftest import ADMINISTRATOR, INSTITUTION, Staffed
from tests.company.managing import do
from tests.fixtures.databases import sqlite_only
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import Visitor

HERE = SearchScope(INSTITUTION, "本店")


@pytest.fixture
def teller(visitor: Visitor, services: Services, clock: MovableClock) -> Visitor:
    """A browser at the console."""
    staff_id = new_staff(services, clock(), institution_id=INSTITUTION)
    sit_down(visitor, session_of(services, staff_id, clock()))
    return visitor


def card(browser: Visitor, user: Customer) -> str:
    """The customer page's words."""
    return browser.get(f"/staff/customers/{user.id}/").text


@sqlite_only
def test_the_customer_page_tells_company_role_and_whose_turn_it_is(company: Staffed, teller: Visitor) -> None:
    house = company.house
    house.suspend(company.general)
    told = card(teller, company.general)
    assert "企業 株式会社見本商事 一般ユーザ" in told
    turn = told.partition("この企業の中で解除できます")[2].partition("利用停止を解除する")[0]
    for user, role in ((company.master, "マスターユーザ"), (company.first, "管理者ユーザ")):
        assert f"{user.name} 様 {role}" in turn
    house.suspend(company.master, company.first, company.second)
    told = card(teller, company.general)
    assert "いまは企業の中に解除できる利用者がいないため、当方で解除します。" in told
    lift = f"/staff/customers/{company.general.id}/lift"
    assert "利用停止を解除しました" in teller.submit(lift).text
    assert house.state(company.general) is CredentialState.ACTIVE


@sqlite_only
def test_the_timeline_names_the_administrator_who_did_it(
    company: Staffed, teller: Visitor, clock: MovableClock
) -> None:
    with company.house.services.store.write() as tx:
        tx.get_one(Customer, company.first.id).name = "商事 かんな"
    do(company, CompanyAct.REVOKE, company.first, company.house.token(company.general), now=clock())
    assert "商事 かんな 様" in card(teller, company.general)
    assert "2026年11月20日 12:20 まで待つ" in teller.text
    assert "失効のあと決められた時間がたってから" in teller.text


@sqlite_only
def test_whoever_is_suspended_hears_at_the_sign_in_whose_turn_it_is(company: Staffed, sign_in: SignIn) -> None:
    house = company.house
    house.suspend(company.master, company.general)
    assert "管理者ユーザに、利用停止解除をご依頼ください。" in sign_in(company.master).text
    assert "マスターユーザまたは管理者ユーザに" not in sign_in(company.master).text
    house.suspend(company.first, company.second)
    for user in (company.master, company.general):
        told = sign_in(user).text
        assert "当方で停止を解除します。下記へご連絡ください。" in told
        assert "ご依頼ください" not in told
    house.add(ADMINISTRATOR, "MIHON0909")  # has no token yet, and can log in
    assert "管理者ユーザに、利用停止解除をご依頼ください。" in sign_in(company.general).text


@pytest.mark.parametrize("typed", ["見本商事", "商事", "みほんしょうじ", "ﾐﾎﾝｼｮｳ"])
def test_users_are_found_by_the_name_of_their_company(
    services: Services, company: Staffed, elsewhere: Staffed, typed: str
) -> None:
    found = search_customers(services.store, HERE, typed)
    assert {(one.id, one.found_by, one.company_name) for one in found} == {
        (user.id, FoundBy.COMPANY, "株式会社見本商事") for user in company.everybody
    }


def test_a_name_wins_over_a_company_and_nobody_is_found_twice(
    services: Services, company: Staffed, now: datetime
) -> None:
    with services.store.write() as tx:
        tx.get_one(Customer, company.general.id).name = "見本商事 花子"
    found = search_customers(services.store, HERE, "見本商事")
    assert [(one.id, one.found_by) for one in found][:1] == [(company.general.id, FoundBy.NAME)]
    assert sorted(one.id for one in found) == sorted(user.id for user in company.everybody)
    assert search_customers(services.store, SearchScope(INSTITUTION, "法人営業部"), "見本商事") == ()
    assert search_customers(services.store, SearchScope("dual"), "見本商事") == ()
