"""Writing the audit row in the transaction of the act it tells of (R62, R64)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from provisioning.rules.actor import Actor
from provisioning.store.audit_encoding import ENCODING_VERSION, FIELDS, entry_text, keyed_hash
from provisioning.store.line import JoinedLine, Line, Statement
from provisioning.store.tables.audit import AuditShown
from provisioning.store.tables.base import to_microseconds

COLUMNS: Final = (*FIELDS, "encoding_version", "key_id", "nonce", "mac")
JSON_COLUMNS: Final = ("facts",)
VIEW: Final = "view"
"""The act of looking at personal data."""
SHOWN: Final = "shown"
"""The fact of such an entry that lists whom it showed, if they were several."""
_NONCE_BYTES: Final = 8
_INTO: Final = f"INSERT INTO audit_entry ({', '.join(COLUMNS)}) VALUES (:{', :'.join(COLUMNS)})"  # noqa: S608 - our own words
_INSERT: Final = Statement(_INTO)
_NUMBERED: Final = Statement(f"{_INTO} RETURNING id")


@dataclass(frozen=True, slots=True)
class AuditKey:
    """Key of the keyed hashes; named on every row so that it can be changed later."""

    key_id: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One act to be written. `facts` are small and never secret."""

    at: datetime
    actor: Actor
    act: str
    result: str
    institution_id: str | None = None
    customer_id: str | None = None
    credential_id: str | None = None
    fob_id: str | None = None
    job_id: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def record(tx: Session, key: AuditKey, entry: AuditRecord) -> None:
    """Add one row to the open transaction."""
    write_row(JoinedLine(tx.connection()), audit_row(key, entry))


def record_list(tx: Session, key: AuditKey, entry: AuditRecord, customer_ids: Iterable[str]) -> None:
    """The same for an entry that is about several customers, who are found by it."""
    number = _NUMBERED.first(JoinedLine(tx.connection()), audit_row(key, entry))
    if number is not None:
        rows = [{"customer_id": one, "entry_id": number[0]} for one in customer_ids]
        tx.execute(insert(AuditShown), rows)


def audit_row(key: AuditKey, entry: AuditRecord) -> dict[str, Any]:
    """The row with its keyed hash, ready to be written."""
    at, nonce = entry.at.astimezone(UTC), secrets.token_bytes(_NONCE_BYTES)
    row: dict[str, Any] = {
        "at": to_microseconds(at),
        "institution_id": entry.institution_id or entry.actor.institution_id,
        "branch": entry.actor.branch,
        "actor_kind": entry.actor.kind.value,
        "actor_id": entry.actor.id,
        "origin": entry.actor.origin,
        "act": entry.act,
        "result": entry.result,
        "customer_id": entry.customer_id,
        "credential_id": entry.credential_id,
        "fob_id": entry.fob_id,
        "job_id": entry.job_id,
        "facts": entry.facts | entry.actor.facts(),
    }
    mac = keyed_hash(key.key, entry_text(ENCODING_VERSION, row, at, nonce))
    row |= {"facts": json.dumps(row["facts"]), "encoding_version": ENCODING_VERSION}
    return row | {"key_id": key.key_id, "nonce": nonce, "mac": mac}


def write_row(line: Line, row: dict[str, Any]) -> None:
    """Add a row made by `audit_row` to the open transaction."""
    _INSERT.change(line, row)
