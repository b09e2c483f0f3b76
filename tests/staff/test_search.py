"""A customer is found by whatever is at hand, within one's institution and branch only."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from provisioning.jobs.end_credential import end_credential
from provisioning.jobs.open_credential import open_credential
from provisioning.rules.actor import SYSTEM
from provisioning.rules.search_text import normal
from provisioning.rules.states import CredentialState, EndedHow, TokenKind
from provisioning.services import Services
from provisioning.store.queries.search import FoundBy, SearchScope, search_customers
from provisioning.store.queries.timeline import number_of_act
from provisioning.store.tables import Customer, Fob
from tests.fixtures.people import add_customer
from tests.staff.rows import add_application

DUAL = SearchScope("dual", "本店")


@pytest.fixture
def hanako(services: Services, customer_a: Customer) -> Customer:
    """A customer with a name of her own."""
    with services.store.write() as tx:
        row = tx.get_one(Customer, customer_a.id)
        row.name, row.name_kana = "鈴木　花子", "スズキ ハナコ"
    return row


@pytest.mark.parametrize(
    ("typed", "found_by"),
    [
        ("鈴木花子", FoundBy.NAME),
        ("鈴木 花", FoundBy.NAME),
        ("すずきはなこ", FoundBy.NAME),
        ("ｽｽﾞｷ", FoundBy.NAME),
        ("123456780001", FoundBy.USER_ID),
        ("１２３４５６７８０００１", FoundBy.USER_ID),
        (" 12345678000", FoundBy.USER_ID),
        ("login0001", FoundBy.LOGIN_ID),
        ("LOGIN00", FoundBy.LOGIN_ID),
    ],
)
def test_found_by_what_is_typed(services: Services, hanako: Customer, typed: str, found_by: FoundBy) -> None:
    (found,) = search_customers(services.store, DUAL, typed)
    assert (found.id, found.found_by, found.state) == (hanako.id, found_by, None)


def test_an_exact_number_wins_over_beginnings(services: Services) -> None:
    exact = add_customer(services, "1234")
    add_customer(services, "12345")
    assert [found.id for found in search_customers(services.store, DUAL, "1234")] == [exact.id]
    assert len(search_customers(services.store, DUAL, "123")) == 2


def test_a_fob_leads_to_whoever_has_it_or_had_it_last(
    services: Services, customer_a: Customer, customer_b: Customer, fob: Fob, now: datetime
) -> None:
    with services.store.write() as tx:
        first = open_credential(tx, services, customer_a, TokenKind.HARD, now, SYSTEM, fob_id=fob.id)
        end_credential(tx, services, first, EndedHow.REVOKED, SYSTEM, now)
    (found,) = search_customers(services.store, DUAL, "kf0000001")
    assert (found.id, found.found_by, found.state) == (customer_a.id, FoundBy.SERIAL, None)
    later = now + timedelta(days=1)
    with services.store.write() as tx:
        open_credential(tx, services, customer_b, TokenKind.HARD, later, SYSTEM, fob_id=fob.id)
    (found,) = search_customers(services.store, DUAL, fob.serial)
    assert (found.id, found.kind, found.state) == (customer_b.id, TokenKind.HARD, CredentialState.ISSUED)


def test_numbers_on_paper(services: Services, customer_a: Customer, now: datetime) -> None:
    add_application(services, customer_a, "H2611200001", now)
    with services.store.write() as tx:
        open_credential(tx, services, customer_a, TokenKind.SOFT, now, SYSTEM)
    number = number_of_act(services.store, "dual", SYSTEM.id, now)
    for typed, found_by in (("h2611200001", FoundBy.APPLICATION), (f"k-{number:07d}", FoundBy.REFERENCE)):
        (found,) = search_customers(services.store, DUAL, typed)
        assert (found.id, found.found_by) == (customer_a.id, found_by)


def test_nobody_of_elsewhere_is_found(services: Services, customer_a: Customer) -> None:
    for scope in (SearchScope("other"), SearchScope("dual", "駅前支店")):
        assert search_customers(services.store, scope, customer_a.user_id) == ()
    assert len(search_customers(services.store, SearchScope("dual"), customer_a.user_id)) == 1


@pytest.mark.parametrize("typed", ["", "  ", "　", "%", "_", "K-", "K-999999999999999", "x" * 500])
def test_what_names_nobody_finds_nobody(services: Services, customer_a: Customer, typed: str) -> None:
    assert customer_a.name
    assert search_customers(services.store, DUAL, typed) == ()


def test_kana_and_width_do_not_matter() -> None:
    assert normal(" ｽｽﾞｷ　はなこ ") == "スズキ ハナコ"
