"""Sessions in the table, on both databases: renewed, limited, ended; a form's token is taken once (R54, R55)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from provisioning.jobs.web_sessions import (
    ABSOLUTE_LIMIT,
    IDLE_LIMIT,
    SessionKind,
    SignInCommand,
    end_session,
    find_session,
    hash_of,
    keep_session,
    offer_step,
    open_session,
    purge_sessions,
    sign_in,
    take_step,
)
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Customer, Staff, WebSession
from tests.fixtures.people import NOON, customer_actor

SECOND = timedelta(seconds=1)


def customer_session(services: Services, customer: Customer, previous: str | None = None) -> str:
    """The raw identifier of a signed-in customer's session."""
    actor = customer_actor(customer)
    command = SignInCommand(SessionKind.CUSTOMER, customer.id, "dual", actor, previous)
    return sign_in(services, command, NOON)


def test_the_table_holds_only_the_hash(services: Services, customer_a: Customer) -> None:
    raw = customer_session(services, customer_a)
    with services.store.read() as tx:
        row = tx.scalars(select(WebSession)).one()
    assert row.id_hash == hash_of(raw)
    assert raw not in f"{row.id_hash!r} {row.state}"


def test_signing_in_renews_and_is_audited(services: Services, customer_a: Customer) -> None:
    before = open_session(services, SessionKind.CUSTOMER, {"csrf_token": "x"}, NOON)
    raw = customer_session(services, customer_a, before)
    assert find_session(services, SessionKind.CUSTOMER, before, NOON) is None
    view = find_session(services, SessionKind.CUSTOMER, raw, NOON)
    assert view is not None
    assert (view.subject_id, view.institution_id, view.state) == (customer_a.id, "dual", {})
    with services.store.read() as tx:
        assert [entry.act for entry in tx.scalars(select(AuditEntry))] == ["sign_in"]


def test_a_session_of_the_future_is_over(services: Services, customer_a: Customer) -> None:
    """The clock jumped back: nobody can tell any more how long it was idle."""
    raw = customer_session(services, customer_a)
    assert find_session(services, SessionKind.CUSTOMER, raw, NOON - 60 * SECOND) is not None
    assert find_session(services, SessionKind.CUSTOMER, raw, NOON - 61 * SECOND) is None
    assert purge_sessions(services, NOON - 60 * SECOND) == 0
    assert purge_sessions(services, NOON - 61 * SECOND) == 1


def test_a_customers_session_is_none_for_staff(services: Services, customer_a: Customer) -> None:
    raw = customer_session(services, customer_a)
    assert find_session(services, SessionKind.STAFF, raw, NOON) is None


@pytest.mark.parametrize("kind", SessionKind)
def test_idle_limit_to_the_second(services: Services, kind: SessionKind) -> None:
    raw = open_session(services, kind, {}, NOON)
    end = NOON + IDLE_LIMIT[kind]
    assert find_session(services, kind, raw, end - SECOND) is not None
    assert find_session(services, kind, raw, end) is None
    keep_session(services, hash_of(raw), {}, end - SECOND)
    assert find_session(services, kind, raw, end) is not None


def test_absolute_limit_to_the_second(services: Services) -> None:
    raw = open_session(services, SessionKind.STAFF, {}, NOON)
    end = NOON + ABSOLUTE_LIMIT
    keep_session(services, hash_of(raw), {}, end - SECOND)
    assert find_session(services, SessionKind.STAFF, raw, end - SECOND) is not None
    assert find_session(services, SessionKind.STAFF, raw, end) is None


def test_a_clock_that_jumps_back_does_not_shorten_or_lengthen(services: Services) -> None:
    raw = open_session(services, SessionKind.STAFF, {}, NOON)
    keep_session(services, hash_of(raw), {}, NOON - timedelta(hours=1))
    view = find_session(services, SessionKind.STAFF, raw, NOON)
    assert view is not None
    assert view.last_seen_at == NOON


def test_disabled_staff_are_out_at_the_next_request(
    services: Services, teller: Staff, teller_actor: Actor
) -> None:
    command = SignInCommand(SessionKind.STAFF, teller.id, "dual", teller_actor)
    raw = sign_in(services, command, NOON)
    assert find_session(services, SessionKind.STAFF, raw, NOON) is not None
    with services.store.write() as tx:
        tx.get_one(Staff, teller.id).enabled = False
    assert find_session(services, SessionKind.STAFF, raw, NOON) is None


def test_changes_merge_by_key(services: Services) -> None:
    raw = open_session(services, SessionKind.CUSTOMER, {"a": 1, "b": 2}, NOON)
    keep_session(services, hash_of(raw), {"b": None, "c": 3}, NOON)
    keep_session(services, hash_of(raw), {"d": 4}, NOON)
    view = find_session(services, SessionKind.CUSTOMER, raw, NOON)
    assert view is not None
    assert view.state == {"a": 1, "c": 3, "d": 4}


def test_a_step_is_offered_until_taken_and_taken_once(services: Services) -> None:
    id_hash = hash_of(open_session(services, SessionKind.CUSTOMER, {}, NOON))
    token = offer_step(services, id_hash, "BOK001")
    assert offer_step(services, id_hash, "BOK001") == token
    assert not take_step(services, id_hash, "BOS001", token)
    assert not take_step(services, id_hash, "BOK001", "another")
    token = offer_step(services, id_hash, "BOK001")
    assert take_step(services, id_hash, "BOK001", token)
    assert not take_step(services, id_hash, "BOK001", token)
    assert offer_step(services, id_hash, "BOK001") != token


def test_of_parallel_posts_one_takes_the_step(services: Services) -> None:
    id_hash = hash_of(open_session(services, SessionKind.CUSTOMER, {}, NOON))
    token = offer_step(services, id_hash, "BOK001")
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: take_step(services, id_hash, "BOK001", token), range(16)))
    assert sum(taken) == 1


def test_ending(services: Services, customer_a: Customer) -> None:
    raw = customer_session(services, customer_a)
    end_session(services, raw, customer_actor(customer_a), NOON)
    assert find_session(services, SessionKind.CUSTOMER, raw, NOON) is None
    assert not take_step(services, hash_of(raw), "BOK001", "")


def test_purging_keeps_the_living(services: Services) -> None:
    idle = open_session(services, SessionKind.CUSTOMER, {}, NOON)
    living = open_session(services, SessionKind.STAFF, {}, NOON)
    assert purge_sessions(services, NOON + timedelta(minutes=11)) == 1
    assert find_session(services, SessionKind.STAFF, living, NOON) is not None
    assert find_session(services, SessionKind.CUSTOMER, idle, NOON) is None
