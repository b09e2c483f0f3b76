"""End credentials that were never activated in time, and those whose fob expired (R33); run by the worker."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select

from provisioning.errors import WrongState
from provisioning.jobs.end_credential import end_credential
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import Credential, Fob

_NEVER_ACTIVE: Final = or_(
    Credential.state.in_((CredentialState.ISSUED, CredentialState.SET_UP)),
    Credential.resume_state == CredentialState.SET_UP,
)


def expire_credentials(services: Services, now: datetime) -> int:
    """End what has expired by now, each in a transaction of its own; answers how many."""
    with services.store.read() as tx:
        ids = [
            credential_id for due in _due(now) for credential_id in tx.scalars(select(Credential.id).where(due))
        ]
    return sum(_expire(services, credential_id, now) for credential_id in ids)


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Each found by an index of its own."""
    expired = select(Fob.id).where(Fob.expires_at <= now)
    return (
        and_(_NEVER_ACTIVE, Credential.activate_by <= now),
        and_(Credential.state != CredentialState.ENDED, Credential.fob_id.in_(expired)),
    )


@retried
def _expire(services: Services, credential_id: str, now: datetime) -> bool:
    with services.store.write() as tx:
        # asked again: it may have been activated or ended since
        overdue = select(Credential).where(Credential.id == credential_id, or_(*_due(now))).with_for_update()
        credential = tx.scalar(overdue)
        if credential is None:
            return False
        try:
            end_credential(tx, services, credential, EndedHow.EXPIRED, SYSTEM, now)
        except WrongState:
            return False
        return True
