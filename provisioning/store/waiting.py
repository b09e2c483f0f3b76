"""Until when the waiting rules keep a customer from a new credential (R38)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.rules.institution import Institution
from provisioning.rules.states import EndedHow
from provisioning.rules.timetable import reissue_from
from provisioning.store.tables import Credential


def issuable_from(tx: Session, institution: Institution, customer_id: str) -> datetime | None:
    """When the waiting rule lets this customer have a new credential (UTC); None if it never held."""
    if not institution.reissue_next_day:
        return None
    released = select(Credential.ended_at).where(
        Credential.customer_id == customer_id, Credential.ended_how == EndedHow.RELEASED
    )
    last = tx.scalar(released.order_by(Credential.ended_at.desc()).limit(1))
    return None if last is None else reissue_from(last)
