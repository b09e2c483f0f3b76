"""Entries of the audit log that say something of the log itself, and which verification has to cross (R63)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from provisioning.services import Services
from provisioning.store.audit_encoding import keyed_hash
from provisioning.store.audit_reading import StoredEntry
from provisioning.store.audit_stream import entries_of_act

ARCHIVE_ACT: Final = "archive_audit"
CLOSE_KEY_ACT: Final = "close_audit_key"


@dataclass(frozen=True, slots=True)
class Archived:
    """The first `size` leaves are in archives; this was the root over them."""

    size: int
    root: bytes


NOTHING_ARCHIVED: Final = Archived(0, b"")


def audit_keys(services: Services) -> Mapping[str, bytes]:
    """Keys of the keyed hashes by key id: the one in use, and the former ones that this process may have."""
    audit = services.settings.audit
    former = dict(audit.former_keys) if audit else {}
    return former | {services.audit_key.key_id: services.audit_key.key}


def is_authentic(entry: StoredEntry, keys: Mapping[str, bytes]) -> bool:
    """Whether it was written with one of our keys, and is as it was written."""
    key = keys.get(entry.key_id)
    return key is not None and entry.text is not None and keyed_hash(key, entry.text) == entry.mac


def archived(connection: Connection, keys: Mapping[str, bytes]) -> Archived:
    """What the latest authentic entry about an archive says."""
    found = NOTHING_ARCHIVED
    for entry in entries_of_act(connection, ARCHIVE_ACT):
        if is_authentic(entry, keys) and entry.facts["size"] > found.size:
            found = Archived(entry.facts["size"], bytes.fromhex(entry.facts["root"]))
    return found
