"""How many tokens were issued to a customer: each counts once its credential was set up (design §7, R40)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.rules.actor import ActorKind
from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.store.tables import Credential, PaperRequest

_RELEASES: Final = (ActorKind.CUSTOMER, ActorKind.BANK)
"""Who releases with a password and a code, themselves or in the bank's own pages."""
_TAKEN_AWAY: Final = (EndedHow.LOST, EndedHow.REVOKED)
# a token in use that staff call wrongly issued was not released: a word must not spare the second person
_BY_HAND: Final = (EndedHow.RELEASED, EndedHow.CANCELLED)


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


def unreleased(tx: Session, customer_id: str) -> str | None:
    """Why a further token would be one without release: the last one in use is `in_use` still, or ended as `lost`,
    `revoked` or `released_by_staff`. None: the customer released it, it ran out, or there was none.
    """
    used = (Credential.customer_id == customer_id, Credential.activated_at.is_not(None))
    newest = select(Credential).where(*used).order_by(Credential.activated_at.desc(), Credential.id).limit(1)
    last = tx.scalars(newest).first()
    if last is None:
        return None
    if last.state is not CredentialState.ENDED:
        return "in_use"
    if last.ended_how in _BY_HAND:
        return None if last.ended_by in _RELEASES else "released_by_staff"
    return last.ended_how.value if last.ended_how in _TAKEN_AWAY else None
