"""How many tokens were issued to a customer: each counts once its credential was set up (design §7, R40)."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.rules.institution import Institution
from provisioning.store.tables import Credential, PaperRequest


def issuances(tx: Session, customer_id: str) -> int:
    """All that ever counted: failed writes and mails that were sent again never did."""
    set_up = (Credential.customer_id == customer_id, Credential.set_up_at.is_not(None))
    return tx.scalar(select(func.count()).select_from(Credential).where(*set_up)) or 0


def is_restricted(tx: Session, institution: Institution, customer_id: str) -> bool:
    """発行規制: no further token may be issued until staff lift it on a paper request."""
    if institution.issuance_limit is None:
        return False
    return issuances(tx, customer_id) - _forgiven(tx, customer_id) >= institution.issuance_limit


def _forgiven(tx: Session, customer_id: str) -> int:
    """What had been counted when a restriction was lifted last; the count began anew."""
    lifted = select(func.max(PaperRequest.issuances_forgiven)).where(PaperRequest.customer_id == customer_id)
    return tx.scalar(lifted) or 0
