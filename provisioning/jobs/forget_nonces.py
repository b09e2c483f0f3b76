"""Forget nonces that the time rules refuse anyway (the worker's clean-up)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete

from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import SpentNonce


@retried
def forget_nonces(services: Services, now: datetime) -> None:
    """Delete every spent nonce that expired before `now`."""
    with services.store.write() as tx:
        tx.execute(delete(SpentNonce).where(SpentNonce.expires_at < now))
