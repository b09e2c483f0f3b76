"""The bytes that an audit entry is: what its keyed hash covers, and what the tree's leaf covers (R61).

Both are canonical JSON: sorted keys, no spaces, ASCII only, the instant as text in UTC. The encoding has a
version, which is a part of it. Version 2 added `nonce`; entries of both are read.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

ENCODING_VERSION: Final = 2
KNOWN_VERSIONS: Final = frozenset({1, 2})
FIELDS: Final = (
    *("at", "institution_id", "branch", "actor_kind", "actor_id", "origin", "act", "result"),
    *("customer_id", "credential_id", "fob_id", "job_id", "facts"),
)
canonical: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


def entry_text(version: int, fields: Mapping[str, Any], at: datetime, nonce: bytes | None) -> str:
    """The entry itself. `fields` are FIELDS by name; `at` is aware and in UTC."""
    content = {**fields, "at": at.isoformat()}
    if nonce is not None:
        content["nonce"] = nonce.hex()
    return canonical([version, content])


def keyed_hash(key: bytes, text: str) -> bytes:
    """HMAC-SHA-256 over the entry's text."""
    return hmac.digest(key, text.encode("ascii"), sha256)


def leaf_text(text: str, key_id: str, mac: bytes, entry_id: int) -> str:
    """What is a leaf: the entry, its keyed hash, and the number under which it is kept."""
    return f'{{"entry":{text},"key_id":{json.dumps(key_id)},"mac":"{mac.hex()}","number":{entry_id}}}'
