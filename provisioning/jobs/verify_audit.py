"""Verify the audit log: entries, tree and checkpoints, from the first that is not archived on (R61, R63).

Everything is computed again from the entries. The log is read once, in the tree's order; nothing is remembered
but the tree's edge, so memory does not grow with it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from provisioning.errors import AuditBroken, AuditFault, WrongState
from provisioning.jobs.audit_seams import ARCHIVE_ACT, CLOSE_KEY_ACT, Archived, archived, audit_keys, is_authentic
from provisioning.rules.checkpoint import Checkpoint
from provisioning.rules.merkle import GrowingTree, Subtree
from provisioning.services import Services
from provisioning.store.audit_reading import StoredEntry, unsealed
from provisioning.store.audit_stream import (
    CHUNK,
    SealedEntry,
    are_stored,
    batches,
    bounds,
    copied_entry,
    sealed_entries,
)
from provisioning.store.audit_tree import TILE_LEVEL, StoredTree, TreeIncomplete

_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class VerifyAuditCommand:
    """`since`: a checkpoint's file; what it covers is taken as it was signed, and verified from there on."""

    since: Path | None = None


@dataclass(frozen=True, slots=True)
class AuditVerified:
    """The log is whole: leaves `begin` until `size` were verified, and `waiting` entries without a place yet."""

    begin: int
    size: int
    waiting: int
    checkpoints: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """The root that the tree of some size must have, and who says so."""

    root: bytes
    fault: AuditFault
    file: str = ""


@dataclass
class _Verification:
    """One run through the log."""

    connection: Connection
    keys: dict[str, bytes]
    tree: GrowingTree
    marks: defaultdict[int, list[_Mark]] = field(default_factory=lambda: defaultdict(list))
    closed: set[str] = field(default_factory=set)
    nodes: list[Subtree] = field(default_factory=list)
    # entries since the last root that was right; the number of the one before
    suspect: int | None = None
    number: int | None = None
    has_nonces: bool = False
    not_before: int = 0
    sealed_until: int = 0

    def run(self, end: int) -> None:
        """From where `tree` stands to `end`."""
        self.sealed_until = self.tree.size
        self._compare_roots()
        while self.tree.size < end:
            begin = self.tree.size
            until = min(begin + CHUNK, end)
            self._expect_batches(begin, until)
            first = None
            for leaf in sealed_entries(self.connection, begin, until):
                self._take(leaf)
                first = first or leaf.number
            if self.tree.size != until:
                raise self._broken(AuditFault.TREE_CHANGED)
            if not are_stored(self.connection, self.nodes):
                raise AuditBroken(AuditFault.TREE_CHANGED, first, self.number)
            self.nodes.clear()
        if self.sealed_until != end:
            raise self._broken(AuditFault.TREE_CHANGED)

    def check(self, entry: StoredEntry) -> None:
        """One entry by itself."""
        if entry.key_id not in self.keys:
            raise AuditBroken(AuditFault.KEY_UNKNOWN, entry.number)
        if not is_authentic(entry, self.keys):
            raise AuditBroken(AuditFault.ENTRY_CHANGED, entry.number)
        if entry.key_id in self.closed:
            raise AuditBroken(AuditFault.KEY_CLOSED, entry.number)
        # what is written today has a nonce and today's time; a copy of what was archived has not
        if (self.has_nonces and not entry.has_nonce) or entry.at < self.not_before:
            raise AuditBroken(AuditFault.ENTRY_COPIED, entry.number)

    def _take(self, leaf: SealedEntry) -> None:
        if leaf.index != self.tree.size:
            raise self._broken(AuditFault.TREE_CHANGED)
        if leaf.entry is None:
            raise AuditBroken(AuditFault.ENTRY_MISSING, leaf.number)
        self.check(leaf.entry)
        if leaf.entry.leaf_hash != leaf.leaf_hash:
            raise AuditBroken(AuditFault.ENTRY_MOVED, leaf.number)
        self._cross(leaf.entry)
        self.has_nonces = leaf.entry.has_nonce
        self.number = leaf.number
        self.suspect = self.suspect or leaf.number
        self.nodes += [part for part in self.tree.add(leaf.leaf_hash) if part.level >= TILE_LEVEL]
        if self.tree.size in self.marks:
            self._compare_roots()

    def _cross(self, entry: StoredEntry) -> None:
        """What a seam says of the entries after it."""
        if entry.act == CLOSE_KEY_ACT:
            self.closed.add(entry.facts["key_id"])
        if entry.act == ARCHIVE_ACT:
            self.not_before = entry.at - _DAY_US

    def _compare_roots(self) -> None:
        for mark in self.marks.pop(self.tree.size, ()):
            if mark.root != self.tree.root:
                raise AuditBroken(mark.fault, self.suspect, self.number, mark.file)
        self.suspect = None

    def _expect_batches(self, begin: int, end: int) -> None:
        for batch in batches(self.connection, begin, end):
            # the first may have begun before an archive or a checkpoint ended
            if batch.first_index > self.sealed_until or self.sealed_until > batch.size:
                raise self._broken(AuditFault.TREE_CHANGED)
            self.sealed_until = batch.size
            self.marks[batch.size].append(_Mark(batch.root, AuditFault.TREE_CHANGED))

    def _broken(self, fault: AuditFault) -> AuditBroken:
        """A leaf is not where it should be: named by the entry that has no place, or by the one before."""
        without = next(unsealed(self.connection, 0, 1), None)
        return AuditBroken(fault, without.number if without else self.number)


def verify_audit(services: Services, command: VerifyAuditCommand) -> AuditVerified:
    """Everything, or what came after `command.since`. Raises AuditBroken, naming the first bad entry."""
    signed = list(services.checkpoints.all()) if services.checkpoints else []
    since = None
    if command.since and services.checkpoints:
        since = services.checkpoints.read(command.since)
        signed.append((command.since, since))
    keys = dict(audit_keys(services))
    with services.store.read_connection() as connection:
        now = bounds(connection)
        run = _Verification(connection, keys, _beginning(connection, archived(connection, keys), since))
        begin = run.tree.size
        for file, checkpoint in signed:
            run.marks[checkpoint.size].append(_Mark(checkpoint.root, AuditFault.NOT_WHAT_WAS_SIGNED, str(file)))
        end = min(now.by_batches, now.by_leaves)
        run.run(end)
        for file, checkpoint in signed:
            if checkpoint.size > end:
                raise AuditBroken(AuditFault.OLDER_THAN_CHECKPOINT, run.number, file=str(file))
        if now.by_batches != now.by_leaves or now.nodes_beyond or now.batches_beyond:
            raise AuditBroken(AuditFault.TREE_CHANGED, run.number)
        waiting = _check_waiting(run)
        copy = copied_entry(connection)
    if copy is not None:
        raise AuditBroken(AuditFault.ENTRY_COPIED, copy)
    return AuditVerified(begin, end, waiting, len(signed))


def _beginning(connection: Connection, archive: Archived, since: Checkpoint | None) -> GrowingTree:
    """The tree as it was signed or archived, if the stored one still says the same; else the log's first leaf."""
    stored = StoredTree(connection)
    if since is not None:
        if since.size < archive.size:
            raise WrongState("checkpoint", "archived")
        tree = _stored(stored, since.size)
        if tree is not None and tree.root == since.root:
            return tree
    if archive.size == 0:
        return GrowingTree()
    tree = _stored(stored, archive.size)
    if tree is None or tree.root != archive.root:
        raise AuditBroken(AuditFault.TREE_CHANGED)
    return tree


def _stored(stored: StoredTree, size: int) -> GrowingTree | None:
    try:
        return stored.growing(size)
    except TreeIncomplete:
        return None


def _check_waiting(run: _Verification) -> int:
    count, after = 0, 0
    while True:
        entries = list(unsealed(run.connection, after, CHUNK))
        for entry in entries:
            run.check(entry)
        count += len(entries)
        if len(entries) < CHUNK:
            return count
        after = entries[-1].number
