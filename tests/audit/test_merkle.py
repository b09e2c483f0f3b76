"""The tree's arithmetic against RFC 9162's own definitions, written down once more without any cleverness."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import example, given
from hypothesis import strategies as st

from provisioning.rules.merkle import (
    EMPTY_ROOT,
    GrowingTree,
    complete_parts,
    is_continued,
    is_included,
    leaf_hash,
)

# leaves and roots that implementations of Certificate Transparency are compared by
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
sizes = st.integers(1, 130)


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH of §2.1.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = left(len(leaves))
    return sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def left(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def inclusion(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of §2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = left(len(leaves))
    if m < k:
        return [*inclusion(m, leaves[:k]), tree_hash(leaves[k:])]
    return [*inclusion(m - k, leaves[k:]), tree_hash(leaves[:k])]


def consistency(m: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of §2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [tree_hash(leaves)]
    k = left(len(leaves))
    if m <= k:
        return [*consistency(m, leaves[:k], whole=whole), tree_hash(leaves[k:])]
    return [*consistency(m - k, leaves[k:], whole=False), tree_hash(leaves[:k])]


def grown(leaves: list[bytes]) -> GrowingTree:
    tree = GrowingTree()
    for leaf in leaves:
        tree.add(leaf_hash(leaf))
    return tree


def numbered(size: int) -> list[bytes]:
    return [number.to_bytes(2) for number in range(size)]


def test_known_roots() -> None:
    assert GrowingTree().root == EMPTY_ROOT == tree_hash([])
    for size, root in ROOTS.items():
        assert grown(LEAVES[:size]).root.hex() == root


@given(sizes)
def test_growing_leaf_by_leaf_is_the_definition(size: int) -> None:
    leaves = numbered(size)
    tree = grown(leaves)
    assert tree.root == tree_hash(leaves)
    parts = [tree_hash(leaves[at << level : (at + 1) << level]) for level, at in complete_parts(size)]
    assert tree.peaks == parts


def test_a_completed_subtree_is_told_with_its_place() -> None:
    leaves, tree = numbered(9), GrowingTree()
    told = [part for leaf in leaves for part in tree.add(leaf_hash(leaf))]
    places = [(part.level, part.position) for part in told]
    assert places == [(1, 0), (1, 1), (2, 0), (1, 2), (1, 3), (2, 1), (3, 0)]
    for part in told:
        assert part.hash == tree_hash(leaves[part.position << part.level : (part.position + 1) << part.level])


@given(sizes, st.data())
def test_an_inclusion_proof_holds_for_its_entry_alone(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    index = data.draw(st.integers(0, size - 1))
    path, root, leaf = inclusion(index, leaves), tree_hash(leaves), leaf_hash(leaves[index])
    assert is_included(index, size, leaf, path, root)
    assert not is_included(index, size, leaf_hash(b"another"), path, root)
    assert not is_included(index, size, leaf, [*path, root], root)
    assert not is_included(index, size, leaf, path, EMPTY_ROOT)
    other = data.draw(st.integers(-1, size + 1))
    assert other == index or not is_included(other, size, leaf, path, root)
    assert not path or not is_included(index, size, leaf, path[1:], root)


@example(1, 1)
@example(3, 7)
@example(4, 7)
@example(6, 7)
@given(sizes, sizes)
def test_a_consistency_proof_holds_for_its_trees_alone(one: int, other: int) -> None:
    size, later = sorted((one, other))
    leaves = numbered(later)
    path, root, later_root = consistency(size, leaves), tree_hash(leaves[:size]), tree_hash(leaves)
    assert is_continued(size, root, later, later_root, path)
    forked = tree_hash([b"another", *leaves[1:size]])
    assert not is_continued(size, forked, later, later_root, path)
    assert not is_continued(size, root, later, EMPTY_ROOT, path)
    assert not is_continued(size, root, later, later_root, [*path, root])
    assert not path or not is_continued(size, root, later, later_root, path[:-1])
    assert not is_continued(later + 1, root, later, later_root, path)
