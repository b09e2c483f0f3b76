"""The console over the books of a large branch: no page reads a table from end to end, and lists stay short."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from provisioning.services import Services
from provisioning.store.engine import Store
from provisioning.store.queries.search import LIMIT, SearchScope, search_customers
from provisioning.store.queries.work import LIST_LIMIT
from provisioning.store.tables import Customer
from tests.bench.books import BRANCHES, FIRST_USER_ID, enter_books
from tests.fixtures.databases import listening, sqlite_only
from tests.staff.conftest import AtDesk, Colleague

CUSTOMERS = 3_000
HERE = SearchScope("dual", BRANCHES[0])
# a table of its own for what is read whole: few rows at any bank
SMALL = {"staff", "station"}
OF_VIEW = 3
"""That the page is a view is asked for and written down: the entry, and those who are found by it."""
PAGES = (
    "/staff/", "/staff/search/?q=%E9%88%B4%E6%9C%A8", "/staff/search/?q=%E3%83%B3", "/staff/search/?q=7000000",
    "/staff/search/?q=nobody", "/staff/programming/", "/staff/programming/live", "/staff/mails/",
    "/staff/mails/?only=undelivered", "/staff/stations/",
)  # fmt: skip

Statement = tuple[str, Any]


@pytest.fixture
def books(services: Services) -> Services:
    enter_books(services, CUSTOMERS)
    return services


@contextmanager
def statements(store: Store) -> Iterator[list[Statement]]:
    """Every SELECT that is sent."""
    sent: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            sent.append((statement, parameters))

    with listening(store, "before_cursor_execute", note):
        yield sent


def scanned(store: Store, statement: Statement) -> set[str]:
    """Tables that SQLite would read from end to end for it, without any index."""
    with store.read_connection() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement[0]}", statement[1]).all()
    return {found[1] for row in plan if (found := re.fullmatch(r"SCAN (\w+)", row.detail))} - SMALL


@sqlite_only
def test_no_page_reads_a_whole_table(books: Services, teller_desk: Colleague) -> None:
    for path in PAGES:
        with statements(books.store) as sent:
            assert teller_desk.get(path).page.status_code == 200
        assert [one for one in sent if scanned(books.store, one)] == [], path


@sqlite_only
def test_a_list_asks_no_question_for_each_of_its_rows(books: Services, teller_desk: Colleague) -> None:
    for path in PAGES:
        with statements(books.store) as sent:
            teller_desk.get(path)
        assert len(sent) <= 14 + OF_VIEW, path


@sqlite_only
def test_the_work_list_shows_the_longest_waiting_and_tells_how_many_there_are(
    books: Services, at_desk: AtDesk
) -> None:
    desk = at_desk()
    text = desk.get("/staff/").text
    assert "利用停止 15" in text
    assert "利用開始待ち 20件より多い" in text
    assert f"お待ちの長い{LIST_LIMIT}件を表示しています。" in text
    assert desk.page.text.count('<th scope="row">') <= 5 * LIST_LIMIT


def test_a_part_that_many_names_have_finds_as_many_as_a_page_holds(books: Services) -> None:
    for part in ("ン", "木", str(FIRST_USER_ID)[:5]):
        found = search_customers(books.store, HERE, part)
        assert len(found) == LIMIT, part
        assert {who.branch for who in found} == {BRANCHES[0]}
        assert [who.user_id for who in found] == sorted(who.user_id for who in found)
    assert len(search_customers(books.store, SearchScope("dual"), "テシガワラ カオル")) == CUSTOMERS // (41 * 31)


def test_whoever_is_renamed_is_found_by_the_new_name_alone(services: Services, customer_a: Customer) -> None:
    with services.store.write() as tx:
        row = tx.get_one(Customer, customer_a.id)
        row.name, row.name_kana, row.branch = "Ｍｉｙａ 見本", "ﾐﾔ ﾐﾎﾝ", "駅前支店"
    here = SearchScope("dual", "駅前支店")
    for part in ("miya", "ミヤミ", "みほん", "A見"):
        assert [who.id for who in search_customers(services.store, here, part)] == [customer_a.id], part
    assert search_customers(services.store, HERE, "ミヤ") == ()
    with services.store.write() as tx:
        tx.get_one(Customer, customer_a.id).name = "別人"
    assert search_customers(services.store, here, "miya") == ()
    assert len(search_customers(services.store, here, "ミヤ")) == 1
