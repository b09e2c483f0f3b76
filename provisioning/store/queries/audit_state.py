"""Where sealing and verification of the audit log stand, in a few quick questions whatever its length."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select, text

from provisioning.store.tables import AuditBatch, AuditEntry, AuditLeaf
from provisioning.store.tables.audit import RARE

VERIFY_ACT: Final = "verify_audit"
WHOLE: Final = "whole"
LATE: Final = timedelta(minutes=1)
"""A lower number may appear after a higher one for so long; the daily sweep finds what comes later still."""


def settled_number(connection: Connection, now: datetime) -> int:
    """No entry up to this number is expected any more."""
    settled = select(AuditBatch.highest_entry_id).where(AuditBatch.sealed_at <= now - LATE)
    return connection.scalar(settled.order_by(AuditBatch.first_index.desc()).limit(1)) or 0


def began_at(connection: Connection) -> datetime | None:
    """When the first entry was written that is still here."""
    return connection.scalar(select(AuditEntry.at).order_by(AuditEntry.id).limit(1))


def oldest_unsealed_at(connection: Connection, now: datetime) -> datetime | None:
    """Of the entries without a place in the tree, the first one's time; None where there are none."""
    placed = select(AuditLeaf.entry_id).where(AuditLeaf.entry_id == AuditEntry.id).exists()
    waiting = select(AuditEntry.at).where(AuditEntry.id > settled_number(connection, now), ~placed)
    return connection.scalar(waiting.order_by(AuditEntry.id).limit(1))


def sealed_after(connection: Connection, size: int) -> datetime | None:
    """When the first leaf beyond `size` was sealed; None where there is none."""
    # what is signed ends where a batch does
    beyond = select(AuditBatch.sealed_at).where(AuditBatch.first_index >= size)
    return connection.scalar(beyond.order_by(AuditBatch.first_index).limit(1))


def last_verification(connection: Connection, now: datetime) -> tuple[datetime, bool] | None:
    """When the last verification on schedule ended, and whether it found the log whole.

    One of the future, by a clock that was set back since, says nothing of the time from then until now.
    """
    own = (AuditEntry.institution_id.is_(None), text(RARE), AuditEntry.act == VERIFY_ACT)
    # the clock of another worker may be a little ahead
    query = select(AuditEntry.at, AuditEntry.result).where(*own, AuditEntry.at <= now + LATE)
    row = connection.execute(query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(1)).first()
    return None if row is None else (row.at, row.result == WHOLE)
