"""Reading audit entries back as the bytes that they were hashed as."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from provisioning.rules.merkle import leaf_hash
from provisioning.store.audit_encoding import FIELDS, KNOWN_VERSIONS, entry_text, leaf_text
from provisioning.store.tables.base import from_microseconds

# the driver must not parse the facts: they are parsed here, where a fault has a name
_COLUMNS: Final = ", ".join(
    f"CAST(entry.{name} AS TEXT)" if name == "facts" else f"entry.{name}" for name in FIELDS
)
ENTRY_COLUMNS: Final = f"entry.id, entry.encoding_version, entry.key_id, entry.nonce, entry.mac, {_COLUMNS}"
_ACT: Final = 5 + FIELDS.index("act")
_UNSEALED: Final = text(f"""
    SELECT {ENTRY_COLUMNS} FROM audit_entry entry
    WHERE entry.id > :after AND NOT EXISTS (SELECT 1 FROM audit_leaf leaf WHERE leaf.entry_id = entry.id)
    ORDER BY entry.id LIMIT :most
""")  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One row as it stands. `text` is None where the row is none that this program can have written."""

    number: int
    key_id: str
    has_nonce: bool
    mac: bytes
    at: int
    act: str
    facts: Any
    text: str | None

    @property
    def leaf_text(self) -> str:
        """What its leaf is made of."""
        return leaf_text(self.text or "", self.key_id, self.mac, self.number)

    @property
    def leaf_hash(self) -> bytes:
        """Its leaf."""
        return leaf_hash(self.leaf_text.encode())


def stored_entry(row: Sequence[Any]) -> StoredEntry:
    """From a row of ENTRY_COLUMNS."""
    number, version, key_id, nonce, mac, at = row[:6]
    facts: Any = None
    content: str | None = None
    try:
        facts = json.loads(row[-1])
        fields = dict(zip(FIELDS, (*row[5:-1], facts), strict=True))
        if version in KNOWN_VERSIONS and (nonce is None) == (version == 1):
            content = entry_text(version, fields, from_microseconds(at), nonce)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        content = None  # whatever stands there, it is no entry any more
    return StoredEntry(
        number=number,
        key_id=str(key_id),
        has_nonce=nonce is not None,
        mac=mac if isinstance(mac, bytes) else b"",
        at=at if isinstance(at, int) else 0,
        act=str(row[_ACT]),
        facts=facts,
        text=content,
    )


def unsealed(connection: Connection, after: int, most: int) -> Iterator[StoredEntry]:
    """Entries with numbers above `after` that have no place in the tree yet, lowest number first."""
    for row in connection.execute(_UNSEALED, {"after": after, "most": most}):
        yield stored_entry(row)
