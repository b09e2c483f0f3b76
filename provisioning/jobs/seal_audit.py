"""Seal audit entries: give the committed ones their places in the Merkle tree (R61). A step of the worker.

Nothing of this is on the way of an act: entries are written without a place, and get one here some seconds
later. The write lock is held for one small batch of finished rows at a time.

Numbers are given before entries are committed, so a lower one may appear after a higher one was sealed. Every
turn therefore looks again at the numbers that were new within LATE, and `sweep_audit` now and then at all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select

from provisioning.services import Services
from provisioning.store.audit_reading import unsealed
from provisioning.store.audit_tree import Batch, StoredTree, grow, write_batch
from provisioning.store.conflicts import retried
from provisioning.store.queries.audit_state import settled_number
from provisioning.store.tables import AuditBatch

BATCH: Final = 500
_BATCHES_A_TURN: Final = 100


def seal_audit(services: Services, now: datetime) -> int:
    """How many entries were sealed; at most _BATCHES_A_TURN batches, so that mail need not wait."""
    with services.store.read_connection() as connection:
        settled = settled_number(connection, now)
    return _seal(services, settled, now)


def sweep_audit(services: Services, now: datetime) -> int:
    """The same among all entries: one that was committed later than LATE is found here."""
    return _seal(services, 0, now)


def _seal(services: Services, after: int, now: datetime) -> int:
    sealed = 0
    for _ in range(_BATCHES_A_TURN):
        with services.store.read_connection() as connection:
            tree = StoredTree(connection)
            size = tree.size()  # first: what another worker seals from here on makes this batch void
            leaves = [(entry.number, entry.leaf_hash) for entry in unsealed(connection, after, BATCH)]
            if not leaves:
                break
            growing = tree.growing(size)
            highest = connection.scalar(
                select(AuditBatch.highest_entry_id).order_by(AuditBatch.first_index.desc()).limit(1)
            )
        batch = grow(growing, leaves, highest or 0)
        if not _write(services, batch, now):
            break  # another worker was first; it has these entries, or the next turn has
        sealed += len(leaves)
        after = leaves[-1][0]
    return sealed


@retried
def _write(services: Services, batch: Batch, now: datetime) -> bool:
    with services.store.write_connection() as connection:
        return write_batch(connection, batch, now)
