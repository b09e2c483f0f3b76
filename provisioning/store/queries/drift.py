"""How far a fob's clock was off and how that became known: what the help desk asks about codes that do not fit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, or_, select

from provisioning.rules.actor import ActorKind
from provisioning.store.engine import Store
from provisioning.store.queries.actors import actor_names
from provisioning.store.tables import AuditEntry, Credential

CHANGE_LIMIT: Final = 50
"""Changes of one fob that are shown."""

_RESET: Final = "reset_drift"


@dataclass(frozen=True, slots=True)
class DriftChange:
    """From `at` on the clock was taken to be `drift_s` ahead. `act`: an accepted code, resync or reset_drift."""

    at: datetime
    act: str
    drift_s: int
    actor_kind: ActorKind
    actor_name: str


def drift_history(store: Store, institution_id: str, fob_id: str) -> tuple[DriftChange, ...]:
    """The newest first, whoever had the fob."""
    learned = AuditEntry.facts["drift_steps"].as_integer()
    query = (
        select(AuditEntry, learned, Credential.period_s)
        .join(Credential, Credential.id == AuditEntry.credential_id)
        .where(AuditEntry.fob_id == fob_id, func.coalesce(AuditEntry.institution_id, "") == institution_id)
        .where(or_(learned.is_not(None), AuditEntry.act == _RESET))
        .order_by(AuditEntry.id.desc())
        .limit(CHANGE_LIMIT)
    )
    with store.read() as session:
        rows = session.execute(query).all()
        names = actor_names(session, (entry.actor_id for entry, _, _ in rows))
    return tuple(
        DriftChange(
            entry.at,
            entry.act,
            (drift_steps or 0) * period_s,
            ActorKind(entry.actor_kind),
            names.get(entry.actor_id, ""),
        )
        for entry, drift_steps, period_s in rows
    )
