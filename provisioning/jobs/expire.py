"""End credentials that were never activated in time; run by the worker."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select

from provisioning.errors import WrongState
from provisioning.jobs.end_credential import end_credential
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.services import Services
from provisioning.store.audit import SYSTEM
from provisioning.store.tables import Credential

_NEVER_ACTIVE = or_(
    Credential.state.in_((CredentialState.ISSUED, CredentialState.SET_UP)),
    Credential.resume_state == CredentialState.SET_UP,
)


def expire_unactivated(services: Services, now: datetime) -> int:
    """End what was to be activated by now, each in a transaction of its own; answers how many."""
    overdue = select(Credential.id).where(_NEVER_ACTIVE, Credential.activate_by <= now)
    with services.store.read() as tx:
        ids = list(tx.scalars(overdue))
    return sum(_expire(services, credential_id, now) for credential_id in ids)


def _expire(services: Services, credential_id: str, now: datetime) -> bool:
    with services.store.write() as tx:
        # asked again: it may have been activated or ended since
        overdue = select(Credential).where(Credential.id == credential_id, _NEVER_ACTIVE).with_for_update()
        credential = tx.scalar(overdue)
        if credential is None:
            return False
        try:
            end_credential(tx, services, credential, EndedHow.EXPIRED, SYSTEM, now)
        except WrongState:
            return False
        return True
