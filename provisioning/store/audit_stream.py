"""Reading the whole audit log for verification: in order, some thousand rows at a time, whatever its length.

Every statement stands alone, so nobody waits for a verification, however long it takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select, text

from provisioning.rules.merkle import Subtree
from provisioning.store.audit_reading import ENTRY_COLUMNS, StoredEntry, stored_entry
from provisioning.store.tables import AuditBatch, AuditNode

CHUNK: Final = 4096
_MOST_IN_A_BATCH: Final = 10_000
_BOUNDS: Final = text("""
    SELECT (SELECT COALESCE(MAX(size), 0) FROM audit_batch),
           (SELECT COALESCE(MAX(leaf_index) + 1, 0) FROM audit_leaf),
           (SELECT COUNT(*) FROM audit_node
            WHERE (position + 1) << level > (SELECT COALESCE(MAX(leaf_index) + 1, 0) FROM audit_leaf)),
           (SELECT COUNT(*) FROM audit_batch
            WHERE highest_entry_id > (SELECT COALESCE(MAX(id), 0) FROM audit_entry))
""")
_LEAVES: Final = text(f"""
    SELECT leaf.leaf_index, leaf.entry_id, leaf.leaf_hash, {ENTRY_COLUMNS}
    FROM audit_leaf leaf LEFT JOIN audit_entry entry ON entry.id = leaf.entry_id
    WHERE leaf.leaf_index >= :begin AND leaf.leaf_index < :end ORDER BY leaf.leaf_index
""")  # noqa: S608 - our own words
_ACTS: Final = text(f"SELECT {ENTRY_COLUMNS} FROM audit_entry entry WHERE entry.act = :act ORDER BY entry.id")  # noqa: S608
_COPIES: Final = text("""
    SELECT MAX(id) FROM audit_entry GROUP BY mac HAVING COUNT(*) > 1 AND MAX(encoding_version) > 1
    ORDER BY MAX(id) LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one look at the tables says of the tree's size; all agree, and nothing is beyond it, in a whole log.

    A batch that claims too high a number would have the worker pass over entries until it sweeps.
    """

    by_batches: int
    by_leaves: int
    nodes_beyond: int
    batches_beyond: int


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """One leaf and what it was made of; `entry` is None where that is gone."""

    index: int
    number: int
    leaf_hash: bytes
    entry: StoredEntry | None


def bounds(connection: Connection) -> Bounds:
    """Now, in one statement: sealing goes on meanwhile."""
    return Bounds(*connection.execute(_BOUNDS).one())


def sealed_entries(connection: Connection, begin: int, end: int) -> Iterator[SealedEntry]:
    """The leaves from `begin` until `end`, with their entries."""
    for row in connection.execute(_LEAVES, {"begin": begin, "end": end}):
        yield SealedEntry(row[0], row[1], row[2], None if row[3] is None else stored_entry(row[3:]))


def entries_of_act(connection: Connection, act: str) -> Sequence[StoredEntry]:
    """The few entries that tell of something that verification must know."""
    return [stored_entry(row) for row in connection.execute(_ACTS, {"act": act})]


def batches(connection: Connection, begin: int, end: int) -> Sequence[AuditBatch]:
    """Those that ended within (`begin`, `end`], in order."""
    near = select(AuditBatch.__table__).where(
        AuditBatch.first_index >= begin - _MOST_IN_A_BATCH,
        AuditBatch.first_index < end,
        AuditBatch.size > begin,
        AuditBatch.size <= end,
    )
    rows = connection.execute(near.order_by(AuditBatch.first_index)).mappings()
    return [AuditBatch(**row) for row in rows]


def are_stored(connection: Connection, nodes: Sequence[Subtree]) -> bool:
    """Whether the table has each of these subtrees as it is."""
    for level in {node.level for node in nodes}:
        expected = {node.position: node.hash for node in nodes if node.level == level}
        rows = connection.execute(
            select(AuditNode.position, AuditNode.node_hash).where(
                AuditNode.level == level, AuditNode.position.between(min(expected), max(expected))
            )
        )
        if {row.position: row.node_hash for row in rows} != expected:
            return False
    return True


def copied_entry(connection: Connection) -> int | None:
    """The number of an entry that is another one's copy."""
    number: int | None = connection.scalar(_COPIES)
    return number
