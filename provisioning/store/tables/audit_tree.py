"""The Merkle tree over the committed audit entries, built by the worker afterwards (R61).

Nothing here points at `audit_entry` by a foreign key: the tree has to outlive an entry that somebody deletes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.store.tables.base import Base

_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")


class AuditLeaf(Base):
    """Where an entry stands in the tree; given at sealing, so that one committed late is only later in it."""

    __tablename__ = "audit_leaf"

    leaf_index: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditNode(Base):
    """A complete subtree of 256 leaves or more; smaller ones are computed again from their leaves."""

    __tablename__ = "audit_node"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    node_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditBatch(Base):
    """Entries sealed together: the tree has grown from `first_index` to `size` leaves, and has this root.

    `highest_entry_id`: no entry above it was sealed so far.
    """

    __tablename__ = "audit_batch"

    first_index: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    highest_entry_id: Mapped[int] = mapped_column(BigInteger)
    sealed_at: Mapped[datetime]
