"""Nothing about the log goes unnoticed: not sealed, not signed, not verified for a day, not whole (R63)."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from provisioning.cli import chores
from provisioning.cli.chores import tell_audit_alarms
from provisioning.errors import AuditBroken
from provisioning.jobs.audit_standing import audit_alarms, audit_status
from provisioning.jobs.seal_audit import seal_audit
from provisioning.jobs.watch_audit import verify_when_due
from provisioning.jobs.write_checkpoint import write_checkpoint
from provisioning.rules.audit_watch import (
    UNSEALED_FOR,
    UNSIGNED_FOR,
    UNVERIFIED_FOR,
    VERIFY_AGAIN,
    VERIFY_EVERY,
    AuditAlarm,
)
from provisioning.rules.roles import Role
from provisioning.services import Services
from provisioning.store.tables import AuditEntry
from tests.audit.log import write_entries
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mailers import MemoryMailer
from web.app import create_app

SECOND = timedelta(seconds=1)


def sealed(worker: Services, at: datetime) -> None:
    """A turn of the worker."""
    seal_audit(worker, at)
    write_checkpoint(worker, at)


def verifications(services: Services) -> list[tuple[datetime, str]]:
    own = select(AuditEntry).where(AuditEntry.act == "verify_audit").order_by(AuditEntry.id)
    with services.store.read() as session:
        return [(row.at, row.result) for row in session.scalars(own)]


def test_an_empty_log_has_missed_nothing(worker: Services, now: datetime) -> None:
    assert audit_alarms(worker, now) == ()
    assert verify_when_due(worker, now) is None


def test_entries_that_nobody_seals_are_told_of(worker: Services, now: datetime) -> None:
    write_entries(worker, [0], now)
    assert audit_alarms(worker, now + UNSEALED_FOR) == ()
    late = now + UNSEALED_FOR + SECOND
    assert audit_alarms(worker, late) == (AuditAlarm.NOT_SEALED,)
    sealed(worker, late)
    assert audit_alarms(worker, late) == ()
    # sealed again and again, with nothing new: nothing is owed
    seal_audit(worker, late + timedelta(minutes=10))
    assert audit_alarms(worker, late + timedelta(minutes=10)) == ()


def test_a_tree_that_nobody_signs_is_told_of(worker: Services, now: datetime) -> None:
    write_entries(worker, [0], now)
    sealed(worker, now)
    write_entries(worker, [1], now)
    seal_audit(worker, now)
    late = now + UNSIGNED_FOR + SECOND
    assert audit_alarms(worker, now + UNSIGNED_FOR) == ()
    assert audit_alarms(worker, late) == (AuditAlarm.NOT_SIGNED,)
    write_checkpoint(worker, late)
    assert audit_alarms(worker, late) == ()


def test_an_older_database_is_told_of_at_once(worker: Services, now: datetime) -> None:
    write_entries(worker, range(3), now)
    sealed(worker, now)
    standing = audit_status(worker, now)
    assert (standing.signed_size, standing.alarms(now)) == (standing.size, ())
    assert replace(standing, size=standing.size - 1).alarms(now) == (AuditAlarm.NOT_WHOLE,)


def test_the_worker_verifies_once_a_day_and_says_so_in_the_log(worker: Services, now: datetime) -> None:
    write_entries(worker, range(3), now)
    sealed(worker, now)
    found = verify_when_due(worker, now)
    assert found is not None
    assert found.size == 3
    assert verify_when_due(worker, now + VERIFY_EVERY - SECOND) is None
    assert verify_when_due(worker, now + VERIFY_EVERY) is not None
    assert verifications(worker) == [(now, "whole"), (now + VERIFY_EVERY, "whole")]


def test_a_verification_by_a_clock_that_was_set_back_since_counts_for_nothing(
    worker: Services, now: datetime
) -> None:
    write_entries(worker, range(3), now)
    sealed(worker, now)
    assert verify_when_due(worker, now + timedelta(days=400)) is not None
    missed = now + UNVERIFIED_FOR + SECOND
    sealed(worker, missed)
    assert audit_alarms(worker, missed) == (AuditAlarm.NOT_VERIFIED,)
    assert verify_when_due(worker, missed) is not None
    assert audit_alarms(worker, missed) == ()
    assert verify_when_due(worker, missed + SECOND) is None


def test_a_day_without_a_verification_is_told_of(worker: Services, now: datetime) -> None:
    write_entries(worker, [0], now)
    sealed(worker, now)
    assert AuditAlarm.NOT_VERIFIED not in audit_alarms(worker, now + UNVERIFIED_FOR)
    late = now + UNVERIFIED_FOR + SECOND
    assert AuditAlarm.NOT_VERIFIED in audit_alarms(worker, late)
    verify_when_due(worker, late)
    assert AuditAlarm.NOT_VERIFIED not in audit_alarms(worker, late)


def test_a_log_that_is_not_whole_is_told_of_until_it_is_again(worker: Services, now: datetime) -> None:
    write_entries(worker, range(3), now)
    sealed(worker, now)
    with worker.store.write_connection() as connection:
        connection.execute(text("UPDATE audit_entry SET result = 'other' WHERE id = 2"))
    with pytest.raises(AuditBroken):
        verify_when_due(worker, now)
    assert verifications(worker) == [(now, "entry_changed")]
    assert audit_alarms(worker, now) == (AuditAlarm.NOT_WHOLE,)
    assert tell_audit_alarms(worker, now) == (AuditAlarm.NOT_WHOLE,)
    with worker.store.write_connection() as connection:
        connection.execute(text("UPDATE audit_entry SET result = 'done' WHERE id = 2"))
    assert verify_when_due(worker, now + VERIFY_AGAIN - SECOND) is None
    assert verify_when_due(worker, now + VERIFY_AGAIN) is not None
    assert audit_status(worker, now + VERIFY_AGAIN).is_whole


@sqlite_only
def test_the_metrics_name_every_alarm(worker: Services, now: datetime) -> None:
    write_entries(worker, [0], now)
    app: Flask = create_app(worker, {Role.BANK}, lambda: now + UNSEALED_FOR + SECOND)
    told = app.test_client().get("/metrics").text
    assert 'kagiya_audit_alarm{alarm="not_sealed"} 1.0' in told
    assert 'kagiya_audit_alarm{alarm="not_whole"} 0.0' in told


@sqlite_only
def test_what_takes_long_keeps_nothing_else_waiting(
    worker: Services, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, mails_went_on, verified = threading.Event(), threading.Event(), threading.Event()
    turns: list[datetime] = []

    def long(_services: Services, _now: datetime) -> None:
        if mails_went_on.wait(10):
            verified.set()

    def short(_services: Services, at: datetime) -> None:
        turns.append(at)
        if len(turns) == 2:
            mails_went_on.set()
            assert verified.wait(10)
            stop.set()

    table = (chores.Chore("long", 0, long, apart=True), chores.Chore("short", 0, short))
    monkeypatch.setattr(chores, "chores", lambda _mailer: table)
    chores.work(worker, MemoryMailer(), lambda: now, stop)
    assert len(turns) == 2
    assert verified.is_set()
