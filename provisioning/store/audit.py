"""Writing the audit row in the transaction of the act it tells of (R62, R64)."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy.orm import Session

from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.store.line import JoinedLine, Line, Statement
from provisioning.store.tables.base import to_microseconds

__all__ = [
    "COLUMNS",
    "JSON_COLUMNS",
    "SYSTEM",
    "Actor",
    "ActorKind",
    "AuditKey",
    "AuditRecord",
    "audit_row",
    "keyed_hash",
    "record",
    "write_row",
]

ENCODING_VERSION: Final = 1
_canonical: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode
COLUMNS: Final = (
    *("at", "institution_id", "branch", "actor_kind", "actor_id", "origin", "act", "result"),
    *("customer_id", "credential_id", "fob_id", "job_id", "facts", "encoding_version", "key_id", "mac"),
)
JSON_COLUMNS: Final = ("facts",)
_INSERT: Final = Statement(
    f"INSERT INTO audit_entry ({', '.join(COLUMNS)}) VALUES (:{', :'.join(COLUMNS)})"  # noqa: S608 - our own words
)


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


def audit_row(key: AuditKey, entry: AuditRecord) -> dict[str, Any]:
    """The row with its keyed hash, ready to be written."""
    row: dict[str, Any] = {
        "at": entry.at,
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
        "facts": entry.facts,
    }
    row["mac"] = keyed_hash(key, row)
    row |= {"encoding_version": ENCODING_VERSION, "key_id": key.key_id}
    return row | {"at": to_microseconds(entry.at), "facts": json.dumps(entry.facts)}


def write_row(line: Line, row: dict[str, Any]) -> None:
    """Add a row made by `audit_row` to the open transaction."""
    _INSERT.change(line, row)


def keyed_hash(key: AuditKey, row: dict[str, Any]) -> bytes:
    """HMAC-SHA-256 over the canonical encoding: JSON, sorted keys, no spaces, the instant as UTC text."""
    text = _canonical([ENCODING_VERSION, row | {"at": row["at"].isoformat()}])
    return hmac.digest(key.key, text.encode(), sha256)
