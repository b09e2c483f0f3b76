"""Merkle trees in the manner of RFC 9162 §2.1: hashes, growing, and checking the two kinds of proof. PURE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

EMPTY_ROOT: Final = sha256(b"").digest()
LEAF: Final = b"\x00"
NODE: Final = b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """Of one entry."""
    return sha256(LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Of two subtrees beside each other."""
    return sha256(NODE + left + right).digest()


@dataclass(frozen=True, slots=True)
class Subtree:
    """A complete subtree over the 2**level leaves from position * 2**level on."""

    level: int
    position: int
    hash: bytes


@dataclass(slots=True)
class GrowingTree:
    """What has to be remembered of a tree so that leaves can be added: one hash for each bit of its size.

    `peaks` are the roots of its complete subtrees, from the left and so from the largest on.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def add(self, leaf: bytes) -> list[Subtree]:
        """Add one leaf's hash; gives the subtrees that it completed, from level 1 on."""
        index, level, top = self.size, 0, leaf
        completed: list[Subtree] = []
        while index & 1:
            top = sha256(NODE + self.peaks.pop() + top).digest()
            index >>= 1
            level += 1
            completed.append(Subtree(level, index, top))
        self.peaks.append(top)
        self.size += 1
        return completed

    @property
    def root(self) -> bytes:
        """Over everything so far."""
        if not self.peaks:
            return EMPTY_ROOT
        top = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            top = node_hash(peak, top)
        return top


def complete_parts(size: int) -> Iterator[tuple[int, int]]:
    """Level and position of each complete subtree that a tree of `size` leaves consists of, from the left."""
    begin = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            yield level, begin >> level
            begin += 1 << level


def split(size: int) -> int:
    """How many leaves are in the left half: the largest power of two below `size`, which is 2 or more."""
    return 1 << (size - 1).bit_length() - 1


def is_included(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` leads from the leaf's hash at `index` to the root over `size` leaves (§2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, top = index, size - 1, leaf
    for beside in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            top = node_hash(beside, top)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            top = node_hash(top, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and top == root


def is_continued(size: int, root: bytes, later_size: int, later_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the tree of `later_size` leaves begins with the one of `size` leaves (§2.1.4.2)."""
    if not 0 < size <= later_size:
        return False
    if size == later_size:
        return not path and root == later_root
    hashes = [root, *path] if size & (size - 1) == 0 else list(path)
    if not hashes:
        return False
    at, last = size - 1, later_size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = hashes[0]
    for beside in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(beside, old), node_hash(beside, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and old == root and new == later_root
