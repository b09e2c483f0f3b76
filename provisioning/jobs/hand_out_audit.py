"""What an auditor takes away: entries as a file, the proof of one. That it was taken is an entry itself (R64)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from provisioning.errors import WrongState
from provisioning.jobs.prove_audit import prove_entry
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.queries.audit_entries import EntryView, entry_view
from provisioning.store.queries.audit_search import EntryFilter, find_entries, next_page

_AT_ONCE: Final = 500


class AuditFile(StrEnum):
    """Forms that entries are handed out in."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@dataclass(frozen=True, slots=True)
class ExportAuditCommand:
    """Everything that `wanted` finds. `asked`: the filter as it was typed, for the record."""

    institution_id: str
    wanted: EntryFilter
    form: AuditFile
    asked: Mapping[str, str]
    actor: Actor


@dataclass(frozen=True, slots=True)
class HandOutProofCommand:
    """The proof of entry `number` of the institution."""

    institution_id: str
    number: int
    actor: Actor


def export_audit(services: Services, command: ExportAuditCommand, now: datetime) -> Iterator[EntryView]:
    """The entries, newest first, read as they are taken. Recorded before the first of them."""
    facts = {"form": command.form.value, "filter": dict(command.asked)}
    _tell(services, AuditRecord(now, command.actor, "export_audit", "begun", command.institution_id, facts=facts))
    return _entries(services, replace(command.wanted, limit=_AT_ONCE))


def hand_out_proof(services: Services, command: HandOutProofCommand, now: datetime) -> dict[str, Any]:
    """Raises NotFound, WrongState where no checkpoint that is here covers it yet, AuditBroken."""
    entry = entry_view(services.store, command.institution_id, command.number)
    if entry.leaf_index is None or services.checkpoints is None:
        raise WrongState("audit entry", "not covered by a checkpoint yet")
    proof = prove_entry(services, command.number)
    facts = {"number": command.number, "leaf_index": proof["leaf_index"]}
    about = entry.customer.customer_id if entry.customer else None
    told = AuditRecord(now, command.actor, "hand_out_proof", "handed_out", command.institution_id, about)
    _tell(services, replace(told, facts=facts))
    return proof


def _entries(services: Services, wanted: EntryFilter) -> Iterator[EntryView]:
    while True:
        found = find_entries(services.store, wanted)
        yield from found.entries
        if found.older is None:
            return
        wanted = next_page(wanted, found)


@retried
def _tell(services: Services, entry: AuditRecord) -> None:
    with services.store.write() as tx:
        record(tx, services.audit_key, entry)
