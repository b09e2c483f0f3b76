"""Archives of the audit log: a file that verifies on its own, and taking from the database what it holds (R63).

The first line is a JSON object: where the archive begins and the tree before it, a checkpoint that covers it, and
the proof that the checkpoint's log begins with it. Each further line is one leaf as it was hashed.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select

from provisioning.rules.merkle import GrowingTree, leaf_hash
from provisioning.store.audit_encoding import canonical
from provisioning.store.audit_stream import CHUNK, sealed_entries
from provisioning.store.audit_tree import TILE
from provisioning.store.disk import flush_directory
from provisioning.store.tables import AuditEntry, AuditLeaf
from provisioning.store.tables.audit import AuditShown

FORM: Final = "kagiya-audit-archive-1"


def end_of_archive(connection: Connection, begin: int, before: datetime, most: int) -> int:
    """Until where everything is older than `before`, in whole tiles, at most `most` leaves."""
    kept = (
        select(func.min(AuditLeaf.leaf_index))
        .join(AuditEntry, AuditEntry.id == AuditLeaf.entry_id)
        .where(AuditLeaf.leaf_index >= begin, AuditEntry.at >= before)
    )
    first_kept = connection.scalar(kept)
    end = most if first_kept is None else min(first_kept, most)
    return end // TILE * TILE


def write_archive(connection: Connection, file: Path, header: Mapping[str, Any], end: int) -> None:
    """A new file, on the disk for good. Raises FileExistsError."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(canonical({**header, "form": FORM}) + "\n")
        for begin in range(header["first"], end, CHUNK):
            for leaf in sealed_entries(connection, begin, min(begin + CHUNK, end)):
                if leaf.entry is not None:
                    stream.write(leaf.entry.leaf_text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    flush_directory(file.absolute().parent)


class ArchiveReader:
    """One pass over a file, which has its tree at the end. Raises ValueError, LookupError, TypeError."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.header: dict[str, Any] = {}
        self.tree = GrowingTree()
        self.hash = sha256()

    def leaves(self) -> Iterator[dict[str, Any]]:
        """Every leaf, in order."""
        with self._file.open("rb") as stream:
            self._begin(stream.readline())
            for line in stream:
                self.hash.update(line)
                self.tree.add(leaf_hash(line.removesuffix(b"\n")))
                yield _read(line)

    def _begin(self, line: bytes) -> None:
        self.header = _read(line)
        first, checkpoint = self.header["first"], self.header["checkpoint"]
        if self.header["form"] != FORM or type(first) is not int or first < 0 or not isinstance(checkpoint, str):
            raise ValueError
        self.hash.update(line)
        peaks = [b64decode(one, validate=True) for one in self.header["before"]]
        self.tree = GrowingTree(self.header["first"], peaks)


def _read(line: bytes) -> Any:
    try:
        return json.loads(line)
    except RecursionError:
        raise ValueError from None


def drop_archived(connection: Connection, until: int) -> bool:
    """Take some of the leaves before `until` and their entries away; whether there were any."""
    some = select(AuditLeaf.leaf_index, AuditLeaf.entry_id).where(AuditLeaf.leaf_index < until)
    rows = connection.execute(some.order_by(AuditLeaf.leaf_index).limit(TILE * 2)).all()
    if not rows:
        return False
    numbers = [row.entry_id for row in rows]
    connection.execute(delete(AuditEntry).where(AuditEntry.id.in_(numbers)))
    connection.execute(delete(AuditShown).where(AuditShown.entry_id.in_(numbers)))
    connection.execute(delete(AuditLeaf).where(AuditLeaf.leaf_index.in_([row.leaf_index for row in rows])))
    return True
