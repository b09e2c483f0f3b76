"""Who is affected by a breach, in which data, how each was protected, and until when the authority is told (R70).

That the list was made is in the audit log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from provisioning.errors import BadInput, InputFault
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.personal_data import TABLES, Deadlines, deadlines
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.queries.breach import Affected, Watched, in_tables, seen_by, under_key


class BreachOf(StrEnum):
    """What was lost, or who cannot be trusted any more."""

    DATABASE = "database"
    TABLES = "tables"
    KEY = "key"
    STAFF = "staff"
    STATION = "station"
    BANK_CLIENT = "bank-client"


_ACTORS: Final = {
    BreachOf.STAFF: ActorKind.STAFF,
    BreachOf.STATION: ActorKind.STATION,
    BreachOf.BANK_CLIENT: ActorKind.BANK,
}


@dataclass(frozen=True, slots=True)
class ListBreachCommand:
    """`names`: the tables, the key, or the one whose account or device it was. Acts from `since` until `until`."""

    institution_id: str
    of: BreachOf
    names: tuple[str, ...]
    since: datetime
    until: datetime
    known_at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True)
class BreachList:
    """`persons` are read as they are taken."""

    command: ListBreachCommand
    made_at: datetime
    deadlines: Deadlines
    persons: Iterator[Affected]


def list_breach(services: Services, command: ListBreachCommand, now: datetime) -> BreachList:
    """Raises NotFound for an unknown institution, BadInput for a table that holds nothing of persons."""
    services.institution(command.institution_id)
    if command.of is BreachOf.TABLES:
        for name in command.names:
            if name not in TABLES:
                raise BadInput(name, InputFault.NOT_OFFERED)
    elif command.of is not BreachOf.DATABASE and len(command.names) != 1:
        raise BadInput(command.of.value, InputFault.MISSING)
    _tell(services, command, now)
    return BreachList(command, now, deadlines(command.known_at), _persons(services, command))


def _persons(services: Services, command: ListBreachCommand) -> Iterator[Affected]:
    store, institution_id = services.store, command.institution_id
    if command.of is BreachOf.DATABASE:
        return in_tables(store, institution_id, TABLES)
    if command.of is BreachOf.TABLES:
        return in_tables(store, institution_id, command.names)
    (name,) = command.names
    if command.of is BreachOf.KEY:
        return under_key(store, institution_id, name)
    return seen_by(store, Watched(institution_id, _ACTORS[command.of], name, command.since, command.until))


@retried
def _tell(services: Services, command: ListBreachCommand, now: datetime) -> None:
    facts = {
        "scope": command.of.value,
        "names": list(command.names),
        "since": command.since.isoformat(),
        "until": command.until.isoformat(),
        "known_at": command.known_at.isoformat(),
    }
    entry = AuditRecord(now, command.actor, "list_breach", "begun", command.institution_id, facts=facts)
    with services.store.write() as tx:
        record(tx, services.audit_key, entry)
