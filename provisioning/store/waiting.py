"""Until when the waiting rules keep a customer from a new credential or from logging in (R36, R38)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.rules.institution import Institution
from provisioning.rules.states import EndedHow
from provisioning.rules.timetable import reissue_from, wait_after_revocation
from provisioning.store.tables import Credential


def issuable_from(tx: Session, institution: Institution, customer_id: str) -> datetime | None:
    """When the waiting rules let this customer have a new credential (UTC); None if none ever held."""
    ends = [login_from(tx, institution, customer_id)]
    if institution.reissue_next_day:
        released = _last_end(tx, customer_id, EndedHow.RELEASED)
        ends.append(None if released is None else reissue_from(released))
    return max((end for end in ends if end is not None), default=None)


def login_from(tx: Session, institution: Institution, customer_id: str) -> datetime | None:
    """When this customer may log in again after a revocation (UTC); None if no rule ever held."""
    if not institution.wait_after_revocation:
        return None
    revoked = _last_end(tx, customer_id, EndedHow.REVOKED)
    return None if revoked is None else wait_after_revocation(revoked)


def _last_end(tx: Session, customer_id: str, how: EndedHow) -> datetime | None:
    of_customer = select(Credential.ended_at).where(
        Credential.customer_id == customer_id, Credential.ended_how == how
    )
    return tx.scalar(of_customer.order_by(Credential.ended_at.desc()).limit(1))
