"""Move old audit entries into a file that verifies on its own, and leave a seam (R63, R65).

The log is verified first, the file is read back before anything is taken from the database, and an entry of the
log tells what was archived. Cut off on the way, it is finished by the next archiving.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from provisioning.errors import AuditBroken, AuditFault, NotFound, TooEarly, WrongState
from provisioning.jobs.audit_seams import ARCHIVE_ACT, archived, audit_keys
from provisioning.jobs.prove_audit import as_text
from provisioning.jobs.verify_audit import VerifyAuditCommand, verify_audit
from provisioning.rules.actor import Actor
from provisioning.rules.checkpoint import Checkpoint
from provisioning.rules.merkle import is_continued
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.audit_archive import ArchiveReader, drop_archived, end_of_archive, write_archive
from provisioning.store.audit_encoding import canonical, keyed_hash
from provisioning.store.audit_tree import StoredTree
from provisioning.store.checkpoints import CheckpointFolder
from provisioning.store.conflicts import retried

KEEP: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class ArchiveAuditCommand:
    """Entries from before `before` into the new `file`."""

    before: datetime
    file: Path
    actor: Actor


@dataclass(frozen=True, slots=True)
class ArchiveVerified:
    """It holds leaves `first` until `size`; `hash`: SHA-256 of the file, `until`: the last entry's time."""

    first: int
    size: int
    root: bytes
    hash: bytes
    until: datetime


def archive_audit(services: Services, command: ArchiveAuditCommand, now: datetime) -> ArchiveVerified:
    """Raises TooEarly (R65), WrongState where nothing is old enough and signed, FileExistsError, AuditBroken."""
    if command.before > now - KEEP:
        raise TooEarly(command.before + KEEP)
    verify_audit(services, VerifyAuditCommand())
    latest = _folder(services).latest()
    with services.store.read_connection() as connection:
        before = archived(connection, audit_keys(services))
        _drop(services, before.size)
        end = end_of_archive(connection, before.size, command.before, latest[1].size if latest else 0)
        if latest is None or end <= before.size:
            raise WrongState("audit log", "without 256 entries that are old enough and signed")
        tree = StoredTree(connection)
        header = {
            "first": before.size,
            "before": as_text(tree.growing(before.size).peaks),
            "checkpoint": latest[0].read_text(encoding="utf-8"),
            "path": as_text(tree.consistency_path(end, latest[1].size)),
        }
        write_archive(connection, command.file, header, end)
    found = verify_archive(services, command.file)
    _record(services, AuditRecord(now, command.actor, ARCHIVE_ACT, "archived", facts=_facts(found)))
    _drop(services, found.size)
    return found


@retried
def _record(services: Services, entry: AuditRecord) -> None:
    with services.store.write() as tx:
        record(tx, services.audit_key, entry)


def verify_archive(services: Services, file: Path) -> ArchiveVerified:
    """Every entry's keyed hash, the tree, and the checkpoint that covers it. Raises AuditBroken."""
    keys, reader, leaf = audit_keys(services), ArchiveReader(file), None
    try:
        for leaf in reader.leaves():
            key = keys.get(leaf["key_id"])
            if key is None:
                raise AuditBroken(AuditFault.KEY_UNKNOWN, leaf["number"], file=str(file))
            if keyed_hash(key, canonical(leaf["entry"])).hex() != leaf["mac"]:
                raise AuditBroken(AuditFault.ENTRY_CHANGED, leaf["number"], file=str(file))
        signed = _folder(services).read_text(reader.header["checkpoint"], str(file))
        path = [b64decode(one, validate=True) for one in reader.header["path"]]
        until = datetime.fromisoformat(leaf["entry"][1]["at"]) if leaf else datetime.fromtimestamp(0, UTC)
    except (ValueError, LookupError, TypeError):
        raise AuditBroken(AuditFault.ARCHIVE_UNREADABLE, file=str(file)) from None
    _is_what_was_signed(reader, signed, path, file)
    first, tree = reader.header["first"], reader.tree
    return ArchiveVerified(first, tree.size, tree.root, reader.hash.digest(), until)


def _is_what_was_signed(reader: ArchiveReader, signed: Checkpoint, path: list[bytes], file: Path) -> None:
    if not is_continued(reader.tree.size, reader.tree.root, signed.size, signed.root, path):
        raise AuditBroken(AuditFault.NOT_WHAT_WAS_SIGNED, file=str(file))


def _facts(found: ArchiveVerified) -> dict[str, Any]:
    return {
        "first": found.first,
        "size": found.size,
        "root": found.root.hex(),
        "file_sha256": found.hash.hex(),
        "until": found.until.isoformat(),
    }


def _drop(services: Services, until: int) -> None:
    """In small transactions, as everything that is large."""
    while _drop_some(services, until):
        pass


@retried
def _drop_some(services: Services, until: int) -> bool:
    with services.store.write_connection() as connection:
        return drop_archived(connection, until)


def _folder(services: Services) -> CheckpointFolder:
    if services.checkpoints is None:
        raise NotFound("directory of checkpoints")
    return services.checkpoints
