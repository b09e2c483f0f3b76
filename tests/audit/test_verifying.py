"""Verification finds whatever was done to the log, and names the first bad entry."""

from __future__ import annotations

import json
import re
import shutil
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from provisioning.errors import AuditBroken, AuditFault
from provisioning.jobs.seal_audit import seal_audit
from provisioning.jobs.verify_audit import AuditVerified, VerifyAuditCommand, verify_audit
from provisioning.jobs.write_checkpoint import write_checkpoint
from provisioning.services import Services
from provisioning.store.audit import AuditKey
from provisioning.store.audit_encoding import FIELDS, entry_text, keyed_hash
from provisioning.store.engine import Store
from provisioning.store.tables.base import from_microseconds
from tests.audit.log import write_entries, write_many
from tests.audit.tampering import TAMPERINGS, Tampering, rebuild_tree
from tests.fixtures.databases import listening, sqlite_only

EVERYTHING = VerifyAuditCommand()
ENTRIES = 300


def write_log(worker: Services, now: datetime) -> Path:
    """Three batches, two checkpoints; the second one's file."""
    file = None
    for numbers in (range(20), range(20, 290), range(290, ENTRIES)):
        write_entries(worker, numbers, now)
        seal_audit(worker, now)
        if numbers.stop != 20:
            file = write_checkpoint(worker, now)
    assert file is not None
    return file


def tamper(worker: Services, tampering: Tampering, one: int, other: int) -> None:
    with worker.store.write_connection() as connection:
        tampering(connection, one, other)


def finding(worker: Services, command: VerifyAuditCommand = EVERYTHING) -> AuditBroken:
    with pytest.raises(AuditBroken) as broken:
        verify_audit(worker, command)
    return broken.value


def test_a_whole_log_is_whole(worker: Services, now: datetime) -> None:
    assert verify_audit(worker, EVERYTHING) == AuditVerified(0, 0, 0, 0)
    file = write_log(worker, now)
    write_entries(worker, range(500, 503), now)
    assert verify_audit(worker, EVERYTHING) == AuditVerified(0, ENTRIES, 3, 2)
    assert verify_audit(worker, VerifyAuditCommand(file)) == AuditVerified(ENTRIES, ENTRIES, 3, 3)


def test_one_tampering_of_each_kind_is_found_and_named(worker: Services, now: datetime) -> None:
    write_log(worker, now)
    tables = ("audit_entry", "audit_leaf", "audit_node", "audit_batch")
    with worker.store.write_connection() as connection:
        for table in tables:
            connection.execute(text(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}"))
    for name, tampering in TAMPERINGS.items():
        tamper(worker, tampering, 30, 40)
        broken = finding(worker)
        if re.match("edit|delete$|delete a leaf|insert", name):
            assert broken.entry == (999_999 if "insert" in name else 31), name
        elif name in {"reorder entries", "change a leaf"}:
            assert broken.entry == 31, name
        elif name == "reorder leaves":
            assert (broken.entry, broken.last) == (21, 290)
        with worker.store.write_connection() as connection:
            for table in tables:
                connection.execute(text(f"DELETE FROM {table}"))
                connection.execute(text(f"INSERT INTO {table} SELECT * FROM kept_{table}"))
    assert verify_audit(worker, EVERYTHING) == AuditVerified(0, ENTRIES, 0, 2)


@pytest.fixture
def sealed_log(worker: Services, now: datetime, tmp_path: Path) -> tuple[Services, Path]:
    """A log on SQLite that every example begins with again."""
    write_log(worker, now)
    worker.store.close()
    sealed = tmp_path / "sealed.db"
    shutil.copyfile(worker.settings.store.url.removeprefix("sqlite:///"), sealed)
    return worker, sealed


@sqlite_only
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(sorted(TAMPERINGS)), st.integers(0, ENTRIES - 1), st.integers(0, ENTRIES - 2))
def test_any_single_tampering_at_any_place_is_found(
    sealed_log: tuple[Services, Path], name: str, one: int, other: int
) -> None:
    worker, sealed = sealed_log
    copy = sealed.with_name("tampered.db")
    for suffix in ("-wal", "-shm"):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(sealed, copy)
    store = Store(f"sqlite:///{copy}")
    try:
        tampered = replace(worker, store=store)
        tamper(tampered, TAMPERINGS[name], one, other + (other >= one))
        finding(tampered)
    finally:
        store.close()


@sqlite_only
@pytest.mark.parametrize("name", ["delete", "edit id", "reorder entries"])
def test_a_flawless_new_tree_over_a_changed_log_is_not_what_was_signed(
    worker: Services, now: datetime, name: str
) -> None:
    file = write_log(worker, now)
    tamper(worker, TAMPERINGS[name], 30, 40)
    with worker.store.write_connection() as connection:
        rebuild_tree(connection)
    write_entries(worker, [900], now)
    seal_audit(worker, now)
    broken = finding(worker)
    assert broken.fault is AuditFault.NOT_WHAT_WAS_SIGNED
    assert broken.entry is not None
    assert broken.last is not None
    assert broken.entry <= 31 <= broken.last
    assert finding(worker, VerifyAuditCommand(file)).fault is AuditFault.NOT_WHAT_WAS_SIGNED


def test_a_database_from_before_a_checkpoint_is_told(worker: Services, now: datetime) -> None:
    file = write_log(worker, now)
    tamper(worker, TAMPERINGS["cut the end off"], 295, 0)
    for command in (EVERYTHING, VerifyAuditCommand(file)):
        broken = finding(worker, command)
        assert (broken.fault, broken.file) == (AuditFault.OLDER_THAN_CHECKPOINT, str(file))
        assert broken.entry == 290


@sqlite_only
def test_a_checkpoint_that_is_kept_elsewhere_is_enough(worker: Services, now: datetime, tmp_path: Path) -> None:
    file = write_log(worker, now)
    elsewhere = tmp_path / "elsewhere.checkpoint"
    file.rename(elsewhere)
    assert worker.settings.audit is not None
    for signed in worker.settings.audit.directory.iterdir():
        signed.unlink()
    tamper(worker, TAMPERINGS["cut the end off"], 100, 0)
    assert verify_audit(worker, EVERYTHING).checkpoints == 0
    assert finding(worker, VerifyAuditCommand(elsewhere)).fault is AuditFault.OLDER_THAN_CHECKPOINT


@sqlite_only
def test_a_forged_checkpoint_is_named(worker: Services, now: datetime) -> None:
    file = write_log(worker, now)
    file.write_text(file.read_text().replace(f"\n{ENTRIES}\n", f"\n{ENTRIES - 1}\n"))
    broken = finding(worker)
    assert (broken.fault, broken.file) == (AuditFault.CHECKPOINT_FORGED, str(file))


@sqlite_only
def test_an_entry_under_a_key_that_nobody_has_is_named(worker: Services, now: datetime) -> None:
    stranger = replace(worker, audit_key=AuditKey("audit-1", bytes(range(32))))
    write_entries(worker, [1], now)
    write_entries(stranger, [2], now)
    assert finding(worker).entry == 2
    seal_audit(worker, now)
    broken = finding(worker)
    assert (broken.fault, broken.entry) == (AuditFault.ENTRY_CHANGED, 2)


@sqlite_only
def test_from_a_checkpoint_on_only_what_came_later_is_read(worker: Services, now: datetime) -> None:
    file = write_log(worker, now)
    write_entries(worker, range(400, 410), now)
    seal_audit(worker, now)
    assert verify_audit(worker, VerifyAuditCommand(file)) == AuditVerified(ENTRIES, ENTRIES + 10, 0, 3)
    tamper(worker, TAMPERINGS["edit act"], 305, 0)
    assert finding(worker, VerifyAuditCommand(file)).entry == 306


def test_nobody_waits_for_a_verification(worker: Services, now: datetime) -> None:
    """It holds no transaction open: an act commits between any two of its statements, and it is whole still."""
    write_log(worker, now)
    numbers = iter(range(1000, 2000))

    def act(connection: Connection, *_: object) -> None:
        if connection.get_execution_options().get("kagiya_alone"):
            write_entries(worker, [next(numbers)], now)

    with listening(worker.store, "before_execute", act):
        assert verify_audit(worker, EVERYTHING).size >= ENTRIES


@sqlite_only
def test_a_million_entries_take_less_than_a_minute(worker: Services, now: datetime) -> None:
    """Scaled down: 10,000 within 0.6 s of processor time, at the same rate."""
    write_many(worker, 10_000, now)
    while seal_audit(worker, now):
        pass
    begun = time.process_time()
    assert verify_audit(worker, EVERYTHING).size == 10_000
    assert time.process_time() - begun < 0.6


@sqlite_only
def test_entries_of_the_first_encoding_are_verified_until_the_second_came(worker: Services, now: datetime) -> None:
    write_entries(worker, range(4), now)
    _write_as_before(worker, 1)
    _write_as_before(worker, 2)
    seal_audit(worker, now)
    assert verify_audit(worker, EVERYTHING).size == 4
    write_entries(worker, [4], now)
    _write_as_before(worker, 5)
    broken = finding(worker)
    assert (broken.fault, broken.entry) == (AuditFault.ENTRY_COPIED, 5)


def _write_as_before(worker: Services, number: int) -> None:
    """Make an entry one of encoding 1, as it was written before there were nonces."""
    names = ", ".join(FIELDS)
    with worker.store.write_connection() as connection:
        row = connection.execute(text(f"SELECT {names} FROM audit_entry WHERE id = :id"), {"id": number}).one()
        fields = {**row._mapping, "facts": json.loads(row.facts)}
        mac = keyed_hash(worker.audit_key.key, entry_text(1, fields, from_microseconds(row.at), None))
        change = text("UPDATE audit_entry SET encoding_version = 1, nonce = NULL, mac = :mac WHERE id = :id")
        connection.execute(change, {"mac": mac, "id": number})
