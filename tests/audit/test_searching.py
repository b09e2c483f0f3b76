"""A page of entries takes the same time however long the log is: an index leads there, and looking has an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from provisioning.rules.actor import SYSTEM, ActorKind
from provisioning.rules.states import TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.queries import audit_search
from provisioning.store.queries.audit_search import EntryFilter, find_entries, next_page
from provisioning.store.queries.drift import drift_history
from provisioning.store.queries.timeline import timeline
from provisioning.store.tables import Customer, Fob
from tests.audit.log import write_entries, write_many
from tests.fixtures.databases import sqlite_only
from tests.staff import rows
from tests.staff.test_large_branch import Statement, statements

OWN = EntryFilter("dual")


@sqlite_only
@pytest.mark.parametrize(
    "wanted",
    [
        OWN,
        EntryFilter(None),
        replace(OWN, act="issue_soft"),
        replace(OWN, act="verify"),
        replace(OWN, actor_kind=ActorKind.STAFF, actor_id="x"),
        replace(OWN, actor_kind=ActorKind.STAFF, actor_id="x", act="end_token"),
        replace(OWN, actor_kind=ActorKind.BANK, act="view"),
        replace(OWN, customer_id="c1"),
        replace(OWN, fob_id="f1", actor_kind=ActorKind.STATION),
    ],
)
def test_an_index_in_the_order_of_time_leads_to_the_entries(
    services: Services, now: datetime, wanted: EntryFilter
) -> None:
    write_entries(services, range(5), now)
    bounded = replace(wanted, since=now, until=now + timedelta(days=1), before=audit_search.EntryKey(now, 5))
    with statements(services.store) as sent:
        find_entries(services.store, bounded)
    assert not any(step.startswith("SCAN audit_entry") for step in plans(services, sent))


def plans(services: Services, sent: list[Statement]) -> list[str]:
    """How SQLite does what was asked of the log."""
    asked = [(query, values) for query, values in sent if "audit_entry" in query and query.startswith("SELECT")]
    assert asked
    with services.store.read_connection() as connection:
        return [
            str(step[3])
            for query, values in asked
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).all()
        ]


@sqlite_only
def test_what_is_about_somebody_is_not_looked_for_in_the_whole_institution(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    rows.add_credential(services, customer_a, TokenKind.HARD, now, fob)
    with statements(services.store) as sent:
        timeline(services.store, "dual", customer_a.id)
        drift_history(services.store, "dual", fob.id)
        find_entries(services.store, replace(OWN, customer_id=customer_a.id))
        find_entries(services.store, replace(OWN, fob_id=fob.id))
    assert not any("ix_audit_entry_institution_id" in step for step in plans(services, sent))


def test_a_page_that_finds_nothing_says_from_where_to_look_on(
    services: Services, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_search, "SPAN", 100)
    write_many(services, 250, now)
    wanted, pages = replace(OWN, actor_kind=ActorKind.STATION), 0
    found = find_entries(services.store, wanted)
    while found.older is not None:
        assert (found.entries, found.looked_on) == ((), True)
        pages, wanted = pages + 1, next_page(wanted, found)
        found = find_entries(services.store, wanted)
    assert (pages, found.entries, found.looked_on) == (2, (), False)
    everything = replace(OWN, actor_kind=ActorKind.STAFF, limit=70)
    numbers: list[int] = []
    while True:
        found = find_entries(services.store, everything)
        numbers += [entry.number for entry in found.entries]
        if found.older is None:
            break
        everything = next_page(everything, found)
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 250


def test_entries_of_the_same_instant_stand_on_one_page_each(services: Services, now: datetime) -> None:
    with services.store.write() as tx:
        for _ in range(7):
            record(tx, services.audit_key, AuditRecord(now, SYSTEM, "apply", "open", "dual"))
    wanted, seen = replace(OWN, limit=3), []
    while True:
        found = find_entries(services.store, wanted)
        seen += [entry.number for entry in found.entries]
        if found.older is None:
            break
        wanted = next_page(wanted, found)
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 7


@sqlite_only
def test_what_is_of_nobody_here_is_not_found(
    services: Services, now: datetime, customer_a: Customer, fob: Fob
) -> None:
    assert audit_search.customer_named(services.store, "other", customer_a.user_id) is None
    assert audit_search.customer_named(services.store, "dual", customer_a.user_id) == customer_a.id
    assert audit_search.fob_named(services.store, "other", fob.serial) is None
    write_entries(services, range(2), now)
    with services.store.read_connection() as connection:
        assert connection.scalar(text("SELECT COUNT(*) FROM audit_entry")) == 2
    assert find_entries(services.store, EntryFilter("other")).entries == ()
