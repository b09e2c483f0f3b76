"""Reading the stored tree, and adding a batch to it.

Subtrees of TILE leaves or more are stored (one row for 128 leaves); smaller ones are computed from their leaves.
So any root and any proof takes some tens of rows and at most TILE leaf hashes, however large the log is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, text

from provisioning.rules.merkle import EMPTY_ROOT, GrowingTree, Subtree, complete_parts, node_hash, split
from provisioning.store.tables import AuditBatch, AuditLeaf, AuditNode, Instant

TILE_LEVEL: Final = 8
TILE: Final = 1 << TILE_LEVEL
# both databases know it; the dialects' own inserts would be loaded into every process that tells how it is
_AT_THE_END: Final = text("""
    INSERT INTO audit_batch (first_index, size, root, highest_entry_id, sealed_at)
    VALUES (:first_index, :size, :root, :highest_entry_id, :sealed_at)
    ON CONFLICT DO NOTHING RETURNING size
""").bindparams(bindparam("sealed_at", type_=Instant()))


class TreeIncomplete(Exception):
    """Rows of the tree are missing that a hash was to be computed from."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Leaves (entry number, hash) to be added at once, what they complete, and the tree that results."""

    first_index: int
    leaves: Sequence[tuple[int, bytes]]
    nodes: Sequence[Subtree]
    root: bytes
    highest_entry_id: int

    @property
    def size(self) -> int:
        """Of the tree with it."""
        return self.first_index + len(self.leaves)


class StoredTree:
    """The tree as one connection sees it. Raises TreeIncomplete where it has holes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def size(self) -> int:
        """How many leaves were sealed."""
        last = select(AuditBatch.size).order_by(AuditBatch.first_index.desc()).limit(1)
        return self._connection.scalar(last) or 0

    def root(self, size: int) -> bytes:
        """Over the first `size` leaves."""
        return self._over(0, size) if size else EMPTY_ROOT

    def growing(self, size: int) -> GrowingTree:
        """The tree of the first `size` leaves, ready to be added to."""
        return GrowingTree(size, [self._complete(level, position) for level, position in complete_parts(size)])

    def inclusion_path(self, index: int, size: int) -> list[bytes]:
        """The proof that the leaf at `index` is in the tree of `size` leaves (RFC 9162 §2.1.3.1)."""
        begin, end, path = 0, size, []
        while end - begin > 1:
            middle = begin + split(end - begin)
            if index < middle:
                path.append(self._over(middle, end))
                end = middle
            else:
                path.append(self._over(begin, middle))
                begin = middle
        return path[::-1]

    def consistency_path(self, size: int, later_size: int) -> list[bytes]:
        """The proof that the tree of `later_size` leaves begins with that of `size` (RFC 9162 §2.1.4.1)."""
        begin, end, path, is_known = 0, later_size, [], True
        while size != end:
            middle = begin + split(end - begin)
            if size <= middle:
                path.append(self._over(middle, end))
                end = middle
            else:
                path.append(self._over(begin, middle))
                begin, is_known = middle, False
        if not is_known:
            path.append(self._over(begin, end))
        return path[::-1]

    def _over(self, begin: int, end: int) -> bytes:
        """The root over the leaves from `begin` until `end`; `begin` is aligned as a subtree's is."""
        count = end - begin
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            return self._complete(level, begin >> level)
        middle = begin + split(count)
        return node_hash(self._over(begin, middle), self._over(middle, end))

    def _complete(self, level: int, position: int) -> bytes:
        if level < TILE_LEVEL:
            return self._from_leaves(position << level, (position + 1) << level)
        one = select(AuditNode.node_hash).where(AuditNode.level == level, AuditNode.position == position)
        found = self._connection.scalar(one)
        if found is None:
            raise TreeIncomplete
        return found

    def _from_leaves(self, begin: int, end: int) -> bytes:
        some = select(AuditLeaf.leaf_hash).where(AuditLeaf.leaf_index >= begin, AuditLeaf.leaf_index < end)
        hashes = self._connection.scalars(some.order_by(AuditLeaf.leaf_index)).all()
        if len(hashes) != end - begin:
            raise TreeIncomplete
        tree = GrowingTree()
        for leaf in hashes:
            tree.add(leaf)
        return tree.root


def grow(tree: GrowingTree, leaves: Sequence[tuple[int, bytes]], highest_entry_id: int) -> Batch:
    """Add the leaves to `tree`: what is to be written."""
    first, nodes = tree.size, []
    for _, leaf in leaves:
        nodes += [part for part in tree.add(leaf) if part.level >= TILE_LEVEL]
    return Batch(first, leaves, nodes, tree.root, max(highest_entry_id, *(number for number, _ in leaves)))


def write_batch(connection: Connection, batch: Batch, now: datetime) -> bool:
    """Put the batch at the end of the tree; False, and nothing written, if another worker's stands there."""
    row = {
        "first_index": batch.first_index,
        "size": batch.size,
        "root": batch.root,
        "highest_entry_id": batch.highest_entry_id,
        "sealed_at": now,
    }
    if connection.scalar(_AT_THE_END, row) is None:
        return False
    leaves = [
        {"leaf_index": index, "entry_id": number, "leaf_hash": leaf}
        for index, (number, leaf) in enumerate(batch.leaves, batch.first_index)
    ]
    connection.execute(insert(AuditLeaf), leaves)
    if batch.nodes:
        nodes = [{"level": node.level, "position": node.position, "node_hash": node.hash} for node in batch.nodes]
        connection.execute(insert(AuditNode), nodes)
    return True
