"""Proofs about the audit log for somebody who has nothing but a checkpoint and our public key (R61).

docs/examples/verify_audit_proof.py checks them, and shares nothing with this program.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from provisioning.errors import AuditBroken, AuditFault, NotFound, WrongState
from provisioning.rules.checkpoint import Checkpoint
from provisioning.services import Services
from provisioning.store.audit_stream import sealed_entries
from provisioning.store.audit_tree import StoredTree, TreeIncomplete
from provisioning.store.checkpoints import CheckpointFolder
from provisioning.store.tables import AuditLeaf

INCLUSION: Final = "kagiya-audit-inclusion-1"
CONSISTENCY: Final = "kagiya-audit-consistency-1"


def prove_entry(services: Services, number: int) -> dict[str, Any]:
    """That entry `number` is in the log of the latest checkpoint. Raises NotFound, WrongState, AuditBroken."""
    latest = _checkpoints(services).latest()
    with services.store.read_connection() as connection:
        index = connection.scalar(select(AuditLeaf.leaf_index).where(AuditLeaf.entry_id == number))
        if index is None:
            raise NotFound("sealed audit entry")
        if latest is None or latest[1].size <= index:
            raise WrongState("audit entry", "not covered by a checkpoint yet")
        file, checkpoint = latest
        tree = StoredTree(connection)
        try:
            path = tree.inclusion_path(index, checkpoint.size)
            _is_signed(tree, file, checkpoint)
        except TreeIncomplete:
            raise AuditBroken(AuditFault.TREE_CHANGED, number) from None
        leaf = next(sealed_entries(connection, index, index + 1))
    if leaf.entry is None or leaf.entry.leaf_hash != leaf.leaf_hash:
        raise AuditBroken(AuditFault.ENTRY_CHANGED, number)
    return {
        "form": INCLUSION,
        "leaf": leaf.entry.leaf_text,
        "leaf_index": index,
        "path": as_text(path),
        "checkpoint": file.read_text(encoding="utf-8"),
    }


def prove_consistency(services: Services, older: Path, newer: Path) -> dict[str, Any]:
    """That the log of the checkpoint in `newer` begins with that of `older`. Raises AuditBroken, WrongState."""
    folder = _checkpoints(services)
    before, after = folder.read(older), folder.read(newer)
    if before.size > after.size:
        raise WrongState("checkpoint", "newer than the other")
    with services.store.read_connection() as connection:
        tree = StoredTree(connection)
        if after.size > tree.size():
            raise AuditBroken(AuditFault.OLDER_THAN_CHECKPOINT, file=str(newer))
        try:
            for file, checkpoint in ((older, before), (newer, after)):
                _is_signed(tree, file, checkpoint)
            path = tree.consistency_path(before.size, after.size)
        except TreeIncomplete:
            raise AuditBroken(AuditFault.TREE_CHANGED) from None
    return {
        "form": CONSISTENCY,
        "older": older.read_text(encoding="utf-8"),
        "newer": newer.read_text(encoding="utf-8"),
        "path": as_text(path),
    }


def as_text(hashes: list[bytes]) -> list[str]:
    """Base64, as in a checkpoint."""
    return [b64encode(one).decode() for one in hashes]


def _is_signed(tree: StoredTree, file: Path, checkpoint: Checkpoint) -> None:
    """A proof from another tree than the signed one would be worthless."""
    if tree.root(checkpoint.size) != checkpoint.root:
        raise AuditBroken(AuditFault.NOT_WHAT_WAS_SIGNED, file=str(file))


def _checkpoints(services: Services) -> CheckpointFolder:
    if services.checkpoints is None:
        raise NotFound("directory of checkpoints")
    return services.checkpoints
