"""Sign where the audit log stands, outside the database (R61). A step of the worker.

A log that does not begin with what was signed last is never signed: nobody shall hold two checkpoints of ours
that contradict each other.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from provisioning.errors import AuditBroken, AuditFault
from provisioning.services import Services
from provisioning.store.audit_tree import StoredTree, TreeIncomplete


def write_checkpoint(services: Services, now: datetime) -> Path | None:
    """The file of a new checkpoint; None while the log has not grown, or where the process cannot sign.

    Raises AuditBroken if the log was cut, set back or rewritten since the last one.
    """
    signer, folder = services.checkpoint_signer, services.checkpoints
    if signer is None or folder is None:
        return None
    latest = folder.latest()
    with services.store.read_connection() as connection:
        tree = StoredTree(connection)
        size = tree.size()
        try:
            root = tree.root(size)
            before = tree.root(latest[1].size) if latest and latest[1].size <= size else None
        except TreeIncomplete:
            raise AuditBroken(AuditFault.TREE_CHANGED) from None
    if latest:
        file, signed = latest
        if signed.size > size:
            raise AuditBroken(AuditFault.OLDER_THAN_CHECKPOINT, file=str(file))
        if before != signed.root:
            raise AuditBroken(AuditFault.NOT_WHAT_WAS_SIGNED, file=str(file))
    if size == (latest[1].size if latest else 0):
        return None
    return folder.write(signer.sign(size, root, now))
