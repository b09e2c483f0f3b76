"""Rotated keys and archived entries leave a seam that verification crosses, and that nobody can forge."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from provisioning.errors import AuditBroken, AuditFault, NotFound, TooEarly, WrongState
from provisioning.jobs.archive_audit import ArchiveAuditCommand, archive_audit, verify_archive
from provisioning.jobs.close_audit_key import close_audit_key
from provisioning.jobs.prove_audit import prove_consistency, prove_entry
from provisioning.jobs.seal_audit import seal_audit
from provisioning.jobs.verify_audit import VerifyAuditCommand, verify_audit
from provisioning.jobs.write_checkpoint import write_checkpoint
from provisioning.rules.actor import SYSTEM
from provisioning.services import Services
from provisioning.store.audit import AuditKey
from provisioning.store.tables import AuditEntry, AuditLeaf
from tests.audit import stranger
from tests.audit.log import write_entries, write_many
from tests.fixtures.databases import sqlite_only

EVERYTHING = VerifyAuditCommand()
LONG_AGO = timedelta(days=400)
A_YEAR = timedelta(days=366)


def rotated(worker: Services) -> Services:
    """The same worker after its audit key was replaced in the settings."""
    assert worker.settings.audit is not None
    former = {worker.audit_key.key_id: worker.audit_key.key}
    audit = replace(worker.settings.audit, former_keys=former)
    return replace(
        worker,
        settings=replace(worker.settings, audit=audit),
        audit_key=AuditKey("audit-2", secrets.token_bytes(32)),
    )


def finding(worker: Services) -> AuditBroken:
    with pytest.raises(AuditBroken) as broken:
        verify_audit(worker, EVERYTHING)
    return broken.value


@sqlite_only
def test_verification_crosses_a_rotation(worker: Services, now: datetime) -> None:
    write_entries(worker, range(3), now)
    fresh = rotated(worker)
    write_entries(fresh, range(3, 6), now)
    write_entries(worker, [6], now)
    close_audit_key(fresh, "audit-1", SYSTEM, now)
    write_entries(fresh, [7], now)
    seal_audit(fresh, now)
    assert verify_audit(fresh, EVERYTHING).size == 9
    write_entries(worker, [8], now)
    assert (finding(fresh).fault, finding(fresh).entry) == (AuditFault.KEY_CLOSED, 10)
    seal_audit(fresh, now)
    assert (finding(fresh).fault, finding(fresh).entry) == (AuditFault.KEY_CLOSED, 10)


@sqlite_only
def test_only_a_former_key_is_closed(worker: Services, now: datetime) -> None:
    with pytest.raises(NotFound):
        close_audit_key(worker, "audit-0", SYSTEM, now)
    with pytest.raises(WrongState):
        close_audit_key(worker, "audit-1", SYSTEM, now)


@sqlite_only
def test_an_entry_whose_key_was_forgotten_is_named(worker: Services, now: datetime) -> None:
    write_entries(worker, range(3), now)
    fresh = replace(rotated(worker), settings=worker.settings)
    assert (finding(fresh).fault, finding(fresh).entry) == (AuditFault.KEY_UNKNOWN, 1)


def old_log(worker: Services, now: datetime) -> None:
    """700 entries of last year, 30 of today."""
    write_many(worker, 700, now - LONG_AGO)
    seal_audit(worker, now)
    write_entries(worker, range(30), now)
    seal_audit(worker, now)
    write_checkpoint(worker, now)


def archive(worker: Services, file: Path, now: datetime) -> int:
    return archive_audit(worker, ArchiveAuditCommand(now - A_YEAR, file, SYSTEM), now).size


def test_verification_crosses_an_archive(worker: Services, now: datetime, tmp_path: Path) -> None:
    old_log(worker, now)
    file = tmp_path / "2025.archive"
    assert archive(worker, file, now) == 512
    with worker.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(AuditEntry)) == 730 - 512 + 1
        assert tx.scalar(select(func.min(AuditLeaf.leaf_index))) == 512
    found = verify_audit(worker, EVERYTHING)
    assert (found.begin, found.size, found.waiting) == (512, 730, 1)
    seal_audit(worker, now)
    newer = write_checkpoint(worker, now + timedelta(hours=1))
    assert newer is not None
    found = verify_audit(worker, EVERYTHING)
    assert (found.begin, found.size, found.checkpoints) == (512, 731, 2)
    # the file by itself, proofs of what stayed, and a stranger
    assert verify_archive(worker, file).size == 512
    shown = stranger.check(worker, file)
    assert shown.stdout == "entries 0 to 511 are as they were signed\n", shown.stderr
    assert prove_entry(worker, 600)["leaf_index"] == 599
    with pytest.raises(NotFound):
        prove_entry(worker, 5)
    assert worker.checkpoints is not None
    older = worker.checkpoints.files()[0]
    assert prove_consistency(worker, older, newer)["path"]
    with pytest.raises(WrongState):
        archive(worker, tmp_path / "again.archive", now)


@sqlite_only
def test_archives_follow_each_other(worker: Services, now: datetime, tmp_path: Path) -> None:
    old_log(worker, now)
    archive(worker, tmp_path / "one.archive", now)
    later = now + timedelta(days=400)
    write_many(worker, 300, now)
    seal_audit(worker, now)
    write_checkpoint(worker, now)
    assert archive(worker, tmp_path / "two.archive", later) == 1024
    verified = verify_archive(worker, tmp_path / "two.archive")
    assert (verified.first, verified.size) == (512, 1024)
    assert stranger.check(worker, tmp_path / "two.archive").returncode == 0
    assert verify_audit(worker, EVERYTHING).begin == 1024


@sqlite_only
def test_an_archive_cannot_be_changed(worker: Services, now: datetime, tmp_path: Path) -> None:
    old_log(worker, now)
    file = tmp_path / "2025.archive"
    archive(worker, file, now)
    whole = file.read_text()
    lines = whole.splitlines(keepends=True)
    tampered = {
        "changed": whole.replace('"done"', '"gone"', 1),
        "left out": "".join([*lines[:40], *lines[41:]]),
        "cut off": "".join(lines[:-1]),
        "reordered": "".join([*lines[:40], lines[41], lines[40], *lines[42:]]),
        "inserted": "".join([*lines[:40], *lines[39:]]),
        "no note": whole.replace("checkpoint", "chequepoint", 1),
        "no JSON": whole[1:],
        "empty": "",
    }
    for content in tampered.values():
        file.write_text(content)
        with pytest.raises(AuditBroken):
            verify_archive(worker, file)
    file.write_text(tampered["left out"])
    assert stranger.check(worker, file).returncode == 1


@sqlite_only
def test_a_year_is_kept_and_a_broken_log_is_not_archived(worker: Services, now: datetime, tmp_path: Path) -> None:
    old_log(worker, now)
    file = tmp_path / "x.archive"
    with pytest.raises(TooEarly):
        archive_audit(worker, ArchiveAuditCommand(now - timedelta(days=365), file, SYSTEM), now)
    with worker.store.write_connection() as connection:
        connection.execute(text("UPDATE audit_entry SET result = 'x' WHERE id = 70"))
    with pytest.raises(AuditBroken):
        archive(worker, file, now)
    assert not file.exists()


@sqlite_only
def test_nobody_cuts_the_beginning_off_and_calls_it_archived(
    worker: Services, now: datetime, tmp_path: Path
) -> None:
    old_log(worker, now)
    with worker.store.write_connection() as connection:
        gone = "SELECT entry_id FROM audit_leaf WHERE leaf_index < 512"
        connection.execute(text(f"DELETE FROM audit_entry WHERE id IN ({gone})"))
        connection.execute(text("DELETE FROM audit_leaf WHERE leaf_index < 512"))
    assert finding(worker).fault is AuditFault.TREE_CHANGED


@sqlite_only
def test_a_copy_of_an_archived_entry_is_told(worker: Services, now: datetime, tmp_path: Path) -> None:
    old_log(worker, now)
    with worker.store.write_connection() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT * FROM audit_entry WHERE id = 7"))
    archive(worker, tmp_path / "x.archive", now)
    seal_audit(worker, now)
    with worker.store.write_connection() as connection:
        connection.execute(text("UPDATE kept SET id = 9999"))
        connection.execute(text("INSERT INTO audit_entry SELECT * FROM kept"))
    for _ in range(2):
        assert (finding(worker).fault, finding(worker).entry) == (AuditFault.ENTRY_COPIED, 9999)
        seal_audit(worker, now)


@sqlite_only
def test_archiving_that_was_cut_off_is_finished_the_next_time(
    worker: Services, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_log(worker, now)
    with monkeypatch.context() as cut:
        cut.setattr("provisioning.jobs.archive_audit.drop_archived", lambda *_: False)
        archive(worker, tmp_path / "x.archive", now)
    assert verify_audit(worker, EVERYTHING).begin == 512
    with pytest.raises(WrongState):
        archive(worker, tmp_path / "y.archive", now)
    with worker.store.read() as tx:
        assert tx.scalar(select(func.min(AuditLeaf.leaf_index))) == 512
