"""Committed entries get their places in the tree, each once, in batches, beside the acts and never before them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_mock import MockerFixture
from sqlalchemy import delete, insert, select

from provisioning.jobs.seal_audit import seal_audit, sweep_audit
from provisioning.rules.merkle import GrowingTree, is_continued, is_included
from provisioning.services import Services
from provisioning.store.audit import record
from provisioning.store.audit_tree import Batch, StoredTree, grow, write_batch
from provisioning.store.queries.audit_state import LATE
from provisioning.store.tables import AuditBatch, AuditEntry, AuditLeaf
from tests.audit.log import entry, write_entries, write_many
from tests.fixtures.databases import postgresql_only


def places(services: Services) -> list[int]:
    """The entries' numbers in the tree's order."""
    with services.store.read() as tx:
        return list(tx.scalars(select(AuditLeaf.entry_id).order_by(AuditLeaf.leaf_index)))


def test_every_entry_gets_one_place(services: Services, now: datetime) -> None:
    assert seal_audit(services, now) == 0
    write_entries(services, range(3), now)
    assert seal_audit(services, now) == 3
    write_entries(services, range(3, 700), now)
    assert seal_audit(services, now) == 697
    assert seal_audit(services, now) == 0
    assert len(places(services)) == len(set(places(services))) == 700
    with services.store.read() as tx:
        batches = tx.execute(
            select(AuditBatch.first_index, AuditBatch.size).order_by(AuditBatch.first_index)
        ).all()
        assert [tuple(batch) for batch in batches] == [(0, 3), (3, 503), (503, 700)]


def test_what_is_stored_proves_every_entry_and_every_size(services: Services, now: datetime) -> None:
    write_many(services, 1100, now)
    seal_audit(services, now)
    with services.store.read_connection() as connection:
        hashes = connection.scalars(select(AuditLeaf.leaf_hash).order_by(AuditLeaf.leaf_index)).all()
        stored, tree, roots = StoredTree(connection), GrowingTree(), []
        for leaf in hashes:
            tree.add(leaf)
            roots.append(tree.root)
        assert stored.size() == 1100
        for size in (1, 255, 256, 257, 511, 768, 1023, 1024, 1100):
            assert stored.root(size) == roots[size - 1]
            assert stored.growing(size).root == roots[size - 1]
            path = stored.consistency_path(size, 1100)
            assert is_continued(size, roots[size - 1], 1100, roots[-1], path)
        for index in (0, 255, 256, 767, 1023, 1024, 1099):
            assert is_included(index, 1100, hashes[index], stored.inclusion_path(index, 1100), roots[-1])


def test_an_entry_committed_late_is_only_later_in_the_tree(services: Services, now: datetime) -> None:
    write_entries(services, range(5), now)
    late = _take_away(services, 2)
    assert seal_audit(services, now) == 4
    _put_back(services, late)
    assert seal_audit(services, now + timedelta(seconds=10)) == 1
    assert places(services)[-1] == late["id"]


def test_one_that_is_later_than_ever_expected_is_found_by_the_sweep(services: Services, now: datetime) -> None:
    write_entries(services, range(5), now)
    late = _take_away(services, 2)
    seal_audit(services, now)
    _put_back(services, late)
    assert seal_audit(services, now + LATE) == 0
    assert sweep_audit(services, now + LATE) == 1
    assert places(services)[-1] == late["id"]


@postgresql_only
def test_a_transaction_that_is_open_while_others_are_sealed(services: Services, now: datetime) -> None:
    with services.store.write() as slow:
        record(slow, services.audit_key, entry(0, now))
        write_entries(services, range(1, 4), now)
        assert seal_audit(services, now) == 3
    assert seal_audit(services, now) == 1
    assert places(services) == [2, 3, 4, 1]


def test_workers_at_the_same_time_seal_nothing_twice(services: Services, now: datetime) -> None:
    write_many(services, 3000, now)
    with ThreadPoolExecutor(3) as threads:
        sealed = sum(threads.map(lambda _: seal_audit(services, now), range(3)))
    sealed += seal_audit(services, now)
    assert sealed == len(set(places(services))) == 3000
    with services.store.read_connection() as connection:
        hashes = connection.scalars(select(AuditLeaf.leaf_hash).order_by(AuditLeaf.leaf_index)).all()
        tree = GrowingTree()
        for leaf in hashes:
            tree.add(leaf)
        assert StoredTree(connection).root(3000) == tree.root


def test_an_act_is_committed_while_a_batch_is_read_and_hashed(
    services: Services, now: datetime, mocker: MockerFixture
) -> None:
    """Sealing holds the write lock for finished rows alone; anything else would be refused here as locked."""
    write_entries(services, range(3), now)
    acts = iter(range(10, 20))

    def hashing(tree: GrowingTree, *rest: Any) -> Batch:
        with ThreadPoolExecutor(1) as another:
            another.submit(write_entries, services, [next(acts)], now).result()
        return grow(tree, *rest)

    mocker.patch("provisioning.jobs.seal_audit.grow", hashing)
    mocker.patch("provisioning.jobs.seal_audit._BATCHES_A_TURN", 2)
    assert seal_audit(services, now) == 4
    assert len(places(services)) == 4


def test_a_worker_that_dies_before_it_commits_leaves_nothing_of_its_batch(
    services: Services, now: datetime, mocker: MockerFixture
) -> None:
    def dying(*whatever: Any) -> bool:
        write_batch(*whatever)
        raise KeyboardInterrupt

    write_entries(services, range(300), now)
    mocker.patch("provisioning.jobs.seal_audit.write_batch", dying)
    with pytest.raises(KeyboardInterrupt):
        seal_audit(services, now)
    mocker.stopall()
    assert places(services) == []
    assert seal_audit(services, now) == 300


def _take_away(services: Services, index: int) -> dict[str, object]:
    """As if its transaction had not committed yet."""
    with services.store.write() as tx:
        number = tx.scalars(select(AuditEntry.id).order_by(AuditEntry.id).offset(index).limit(1)).one()
        row = dict(tx.execute(select(AuditEntry.__table__).where(AuditEntry.id == number)).mappings().one())
        tx.execute(delete(AuditEntry).where(AuditEntry.id == number))
    return row


def _put_back(services: Services, row: dict[str, object]) -> None:
    with services.store.write() as tx:
        tx.execute(insert(AuditEntry), [row])
