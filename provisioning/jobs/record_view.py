"""That somebody was shown personal data: one entry for each view, before anything is shown (R64, R66).

Whoever looks at the same place again within `once_within` and sees nobody new is not recorded again: a page that
is loaded anew, a list that renews itself every second. What cannot be recorded is not shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, text

from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import SHOWN, VIEW, AuditRecord, record, record_list
from provisioning.store.conflicts import retried
from provisioning.store.tables import AuditEntry
from provisioning.store.tables.audit import BY_STAFF

ONCE: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class RecordViewCommand:
    """`place`: a screen's ID, or an operation of the bank API. `facts`: what else says what was looked at."""

    actor: Actor
    institution_id: str
    place: str
    customer_ids: tuple[str, ...]
    once_within: timedelta = ONCE
    facts: dict[str, Any] = field(default_factory=dict)


def record_view(services: Services, command: RecordViewCommand, now: datetime) -> bool:
    """Whether an entry was written; none is where nobody was shown. Raises StoreUnavailable."""
    shown = tuple(dict.fromkeys(command.customer_ids))
    if not shown or (command.once_within and set(shown) <= _seen(services, command, now)):
        return False
    _write(services, command, shown, now)
    return True


def _seen(services: Services, command: RecordViewCommand, now: datetime) -> set[str]:
    """Whom this member of staff was shown there just now."""
    # the clock of another process may be ahead
    recent = AuditEntry.at.between(now - command.once_within, now + command.once_within)
    query = select(AuditEntry.customer_id, AuditEntry.facts).where(
        text(BY_STAFF), AuditEntry.actor_id == command.actor.id, recent, AuditEntry.act == VIEW
    )
    with services.store.read_connection() as connection:
        rows = [row for row in connection.execute(query) if row.facts.get("place") == command.place]
    return {row.customer_id for row in rows} | {one for row in rows for one in row.facts.get(SHOWN, ())}


@retried
def _write(services: Services, command: RecordViewCommand, shown: tuple[str, ...], now: datetime) -> None:
    facts = {"place": command.place} | command.facts
    with services.store.write() as tx:
        if len(shown) == 1:
            entry = AuditRecord(now, command.actor, VIEW, "shown", command.institution_id, shown[0], facts=facts)
            record(tx, services.audit_key, entry)
        else:
            entry = AuditRecord(
                now, command.actor, VIEW, "shown", command.institution_id,
                facts=facts | {SHOWN: list(shown)},
            )  # fmt: skip
            record_list(tx, services.audit_key, entry, shown)
