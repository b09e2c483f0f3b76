"""What happened: one append-only row for every act, committed with it (R61, R62, R64)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.store.tables.base import Base, partial

BY_STAFF: Final = "actor_kind = 'staff'"
RARE: Final = "act <> 'verify'"
"""Of these entries there are indexes; whoever asks for them has to say so in these words."""


def _index(name: str, columns: tuple[str, ...], where: str) -> Index:
    return partial(f"ix_audit_entry_{name}", *columns, where=where)


_LOOKED_BY: Final = (
    # rows that name a customer are looked for by the customer, whatever else they name
    _index("customer_id", ("customer_id", "at"), "customer_id IS NOT NULL"),
    _index("credential_id", ("credential_id",), "credential_id IS NOT NULL AND customer_id IS NULL"),
    _index("fob_id", ("fob_id",), "fob_id IS NOT NULL"),
    _index("actor_id", ("actor_id", "at"), BY_STAFF),
    _index("act", ("institution_id", "act", "at"), RARE),
    Index("ix_audit_entry_institution_id", "institution_id", "at"),
)


class AuditEntry(Base):
    """One act: who, what, to whom, with what result, from where, when (UTC)."""

    __tablename__ = "audit_entry"
    # every index costs each verification: as few as the queries need, and none with nothing to find in it
    __table_args__ = _LOOKED_BY

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime]
    institution_id: Mapped[str | None] = mapped_column(String(32))
    branch: Mapped[str | None] = mapped_column(String(64))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(64), default="")
    act: Mapped[str] = mapped_column(String(48))
    result: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str | None] = mapped_column(String(32))
    credential_id: Mapped[str | None] = mapped_column(String(32))
    fob_id: Mapped[str | None] = mapped_column(String(32))
    job_id: Mapped[str | None] = mapped_column(String(32))
    # small facts, canonical JSON: numbers, states, serials; never a secret or an address
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    # keyed hash of the row in the canonical encoding of `encoding_version`, under `key_id`
    encoding_version: Mapped[int] = mapped_column(default=1)
    key_id: Mapped[str] = mapped_column(String(32))
    # drawn for each entry (none in encoding 1): a copy of an entry is told from a second one like it
    nonce: Mapped[bytes | None] = mapped_column(LargeBinary(8))
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditShown(Base):
    """Whom an entry about a list names in its facts, to be found by: it proves nothing, the entry does."""

    __tablename__ = "audit_shown"

    customer_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    entry_id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False, index=True
    )
